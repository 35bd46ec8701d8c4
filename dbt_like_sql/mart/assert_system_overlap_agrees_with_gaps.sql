-- model: system_overlap
-- Whoever a pair of systems counts as missing is listed in system_gaps, and nobody else.
-- Prevents: a sales team that is told of 312 missing customers and gets a list of 290.
-- zh: 每对系统统计的缺失客户均列于缺失清单，且仅限于此。防止：报表称缺 312 位客户，清单却只有 290 位。
WITH
  present AS (
    SELECT DISTINCT r.source, r.customer_id
    FROM gold.customer_records AS r
    WHERE r.deleted_on IS NULL
  ),
  lacking AS (
    SELECT g.customer_id, UNNEST(g.missing_sources) AS source
    FROM mart.system_gaps AS g
  ),
  listed AS (
    SELECT p.source, l.source AS missing_source, COUNT(*) AS customer_count
    FROM present AS p
    JOIN lacking AS l ON l.customer_id = p.customer_id
    GROUP BY p.source, l.source
  ),
  counted AS (
    SELECT o.first_source AS source, o.second_source AS missing_source, o.missing_in_second_count AS customer_count
    FROM mart.system_overlap AS o
    UNION ALL
    SELECT o.second_source AS source, o.first_source AS missing_source, o.missing_in_first_count AS customer_count
    FROM mart.system_overlap AS o
  )
SELECT
  COALESCE(c.source, l.source) AS source,
  COALESCE(c.missing_source, l.missing_source) AS missing_source,
  c.customer_count,
  l.customer_count AS listed_count
FROM counted AS c
FULL JOIN listed AS l ON l.source = c.source AND l.missing_source = c.missing_source
WHERE COALESCE(c.customer_count, 0) <> COALESCE(l.customer_count, 0)
