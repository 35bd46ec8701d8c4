-- model: orders
-- Every living order line is there exactly once, with the amount it was delivered with.
-- Prevents: revenue that grows because a join found two customers for a line, or shrinks because it found none.
-- zh: 每条有效订单行出现且仅出现一次，金额与交付时一致。防止：订单行因关联到两位客户而虚增收入，或因关联不上而漏计收入。
WITH
  standardised AS (
    SELECT s.source, s.extract, s.source_id, COUNT(*) AS line_count, SUM(s.amount) AS amount
    FROM std.orders AS s
    WHERE s.valid_to IS NULL
    GROUP BY s.source, s.extract, s.source_id
  ),
  golden AS (
    SELECT g.source, g.extract, g.source_id, COUNT(*) AS line_count, SUM(g.amount) AS amount
    FROM gold.orders AS g
    GROUP BY g.source, g.extract, g.source_id
  )
SELECT
  COALESCE(s.source, g.source) AS source,
  COALESCE(s.extract, g.extract) AS extract,
  COALESCE(s.source_id, g.source_id) AS source_id,
  s.line_count AS standardised_line_count,
  g.line_count AS golden_line_count
FROM standardised AS s
FULL JOIN golden AS g ON g.source = s.source AND g.extract = s.extract AND g.source_id = s.source_id
WHERE s.line_count IS DISTINCT FROM g.line_count OR s.amount IS DISTINCT FROM g.amount
