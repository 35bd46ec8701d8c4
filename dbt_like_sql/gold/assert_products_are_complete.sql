-- model: products
-- Every living product record is there exactly once.
-- Prevents: margins computed against a product list that lost or doubled rows on its way.
-- zh: 每条有效产品记录出现且仅出现一次。防止：按丢行或重复的产品清单计算毛利。
WITH
  standardised AS (
    SELECT s.source, s.extract, s.source_id, COUNT(*) AS row_count
    FROM std.products AS s
    WHERE s.valid_to IS NULL
    GROUP BY s.source, s.extract, s.source_id
  ),
  golden AS (
    SELECT g.source, g.extract, g.source_id, COUNT(*) AS row_count
    FROM gold.products AS g
    GROUP BY g.source, g.extract, g.source_id
  )
SELECT
  COALESCE(s.source, g.source) AS source,
  COALESCE(s.extract, g.extract) AS extract,
  COALESCE(s.source_id, g.source_id) AS source_id
FROM standardised AS s
FULL JOIN golden AS g ON g.source = s.source AND g.extract = s.extract AND g.source_id = s.source_id
WHERE s.row_count IS DISTINCT FROM g.row_count
