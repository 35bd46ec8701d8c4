-- Per extract: how many living records, how many real customers behind them, how many known nowhere else.
WITH
  living AS (
    SELECT r.source, r.extract, r.customer_id
    FROM gold.customer_records AS r
    WHERE r.deleted_on IS NULL
  ),
  sizes AS (
    SELECT
      l.customer_id,
      COUNT(*) AS record_count,
      COUNT(DISTINCT l.source || '/' || l.extract) AS extract_count
    FROM living AS l
    GROUP BY l.customer_id
  )
SELECT
  l.source,
  l.extract,
  COUNT(*) AS record_count,
  COUNT(DISTINCT l.customer_id) AS customer_count,
  COUNT(*) - COUNT(DISTINCT l.customer_id) AS surplus_record_count,
  COUNT(DISTINCT CASE WHEN s.extract_count > 1 THEN l.customer_id END) AS shared_customer_count,
  COUNT(CASE WHEN s.record_count = 1 THEN 1 END) AS single_record_count,
  CAST(COUNT(CASE WHEN s.record_count = 1 THEN 1 END) AS DOUBLE) / COUNT(*) AS single_record_share
FROM living AS l
JOIN sizes AS s ON s.customer_id = l.customer_id
GROUP BY l.source, l.extract
