-- model: payments
-- Every living payment is there exactly once.
-- Prevents: money that is missing from a customer's account because payments were lost, or there twice because a join doubled them.
-- zh: 每条有效付款出现且仅出现一次。防止：付款丢失使客户账上缺款，或因关联被重复计算。
WITH
  standardised AS (
    SELECT s.source, s.extract, s.source_id, COUNT(*) AS row_count
    FROM std.payments AS s
    WHERE s.valid_to IS NULL
    GROUP BY s.source, s.extract, s.source_id
  ),
  golden AS (
    SELECT g.source, g.extract, g.source_id, COUNT(*) AS row_count
    FROM gold.payments AS g
    GROUP BY g.source, g.extract, g.source_id
  )
SELECT
  COALESCE(s.source, g.source) AS source,
  COALESCE(s.extract, g.extract) AS extract,
  COALESCE(s.source_id, g.source_id) AS source_id
FROM standardised AS s
FULL JOIN golden AS g ON g.source = s.source AND g.extract = s.extract AND g.source_id = s.source_id
WHERE s.row_count IS DISTINCT FROM g.row_count
