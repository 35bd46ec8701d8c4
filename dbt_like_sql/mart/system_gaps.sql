-- The customers that some system lacks: who has them, and who does not.
WITH
  present AS (
    SELECT DISTINCT r.customer_id, r.source
    FROM gold.customer_records AS r
    WHERE r.deleted_on IS NULL
  ),
  systems AS (
    SELECT DISTINCT p.source
    FROM present AS p
  ),
  known AS (
    SELECT p.customer_id, LIST_SORT(ARRAY_AGG(p.source)) AS sources, COUNT(*) AS source_count
    FROM present AS p
    GROUP BY p.customer_id
  ),
  everywhere AS (
    SELECT COUNT(*) AS source_count
    FROM systems AS s
  ),
  lacking AS (
    SELECT k.customer_id, s.source
    FROM known AS k
    CROSS JOIN everywhere AS e
    CROSS JOIN systems AS s
    LEFT JOIN present AS p ON p.customer_id = k.customer_id AND p.source = s.source
    WHERE k.source_count < e.source_count AND p.source IS NULL
  ),
  missing AS (
    SELECT l.customer_id, LIST_SORT(ARRAY_AGG(l.source)) AS sources
    FROM lacking AS l
    GROUP BY l.customer_id
  )
SELECT k.customer_id, k.sources, m.sources AS missing_sources
FROM missing AS m
JOIN known AS k ON k.customer_id = m.customer_id
