-- model: orphans
-- The list holds exactly as many lines as orders without a customer.
-- Prevents: a broken reference in a source that goes unseen because the list itself lost it.
WITH
  missing AS (
    SELECT COUNT(*) AS line_count
    FROM gold.orders AS o
    WHERE o.customer_id IS NULL
  ),
  listed AS (
    SELECT COUNT(*) AS line_count
    FROM mart.orphans AS m
    WHERE m.entity = 'orders'
  )
SELECT missing.line_count AS missing_line_count, listed.line_count AS listed_line_count
FROM missing
CROSS JOIN listed
WHERE missing.line_count <> listed.line_count
