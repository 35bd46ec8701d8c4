-- model: orphans
-- The list holds exactly as many records of each entity as there are without a customer.
-- Prevents: a broken reference in a source that goes unseen because the list itself lost it.
-- zh: 清单中各实体的记录数与没有客户的记录数一致。防止：清单本身遗漏，来源中的失效引用无人发现。
WITH
  missing AS (
    SELECT 'orders' AS entity, COUNT(*) AS record_count FROM gold.orders AS o WHERE o.customer_id IS NULL
    UNION ALL
    SELECT 'tickets' AS entity, COUNT(*) AS record_count FROM gold.tickets AS t WHERE t.customer_id IS NULL
    UNION ALL
    SELECT 'interactions' AS entity, COUNT(*) AS record_count FROM gold.interactions AS i WHERE i.customer_id IS NULL
    UNION ALL
    SELECT 'opportunities' AS entity, COUNT(*) AS record_count FROM gold.opportunities AS u WHERE u.customer_id IS NULL
    UNION ALL
    SELECT 'payments' AS entity, COUNT(*) AS record_count FROM gold.payments AS p WHERE p.customer_id IS NULL
  ),
  listed AS (
    SELECT m.entity, COUNT(*) AS record_count
    FROM mart.orphans AS m
    GROUP BY m.entity
  )
SELECT n.entity, n.record_count AS missing_record_count, COALESCE(l.record_count, 0) AS listed_record_count
FROM missing AS n
LEFT JOIN listed AS l ON l.entity = n.entity
WHERE n.record_count <> COALESCE(l.record_count, 0)
