-- For every two systems: the customers of each, those that both have, and those that one of them lacks.
WITH
  present AS (
    SELECT DISTINCT r.source, r.customer_id
    FROM gold.customer_records AS r
    WHERE r.deleted_on IS NULL
  ),
  systems AS (
    SELECT p.source, COUNT(*) AS customer_count
    FROM present AS p
    GROUP BY p.source
  ),
  shared AS (
    SELECT a.source AS first_source, b.source AS second_source, COUNT(*) AS customer_count
    FROM present AS a
    JOIN present AS b ON b.customer_id = a.customer_id AND b.source > a.source
    GROUP BY a.source, b.source
  )
SELECT
  a.source AS first_source,
  b.source AS second_source,
  a.customer_count AS first_customer_count,
  b.customer_count AS second_customer_count,
  COALESCE(s.customer_count, 0) AS shared_customer_count,
  b.customer_count - COALESCE(s.customer_count, 0) AS missing_in_first_count,
  a.customer_count - COALESCE(s.customer_count, 0) AS missing_in_second_count
FROM systems AS a
JOIN systems AS b ON b.source > a.source
LEFT JOIN shared AS s ON s.first_source = a.source AND s.second_source = b.source
