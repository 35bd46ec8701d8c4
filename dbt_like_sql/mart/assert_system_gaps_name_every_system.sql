-- model: system_gaps
-- Each customer's systems and missing systems together are all systems with customers.
-- Prevents: a customer that seems complete because a new system was forgotten in the list.
-- zh: 每位客户的已有系统与缺失系统合起来即全部有客户的系统。防止：新系统未列入清单，客户被误认为齐全。
WITH
  systems AS (
    SELECT COUNT(DISTINCT r.source) AS system_count
    FROM gold.customer_records AS r
    WHERE r.deleted_on IS NULL
  )
SELECT g.customer_id
FROM mart.system_gaps AS g
CROSS JOIN systems AS s
WHERE ARRAY_LENGTH(g.sources) + ARRAY_LENGTH(g.missing_sources) <> s.system_count
