-- model: opportunities
-- Every living opportunity is there exactly once.
-- Prevents: a pipeline that shrinks because opportunities were lost, or grows because a join found two customers for one.
-- zh: 每条有效商机出现且仅出现一次。防止：商机丢失使销售管道缩水，或因关联到两位客户而虚增。
WITH
  standardised AS (
    SELECT s.source, s.extract, s.source_id, COUNT(*) AS row_count
    FROM std.opportunities AS s
    WHERE s.valid_to IS NULL
    GROUP BY s.source, s.extract, s.source_id
  ),
  golden AS (
    SELECT g.source, g.extract, g.source_id, COUNT(*) AS row_count
    FROM gold.opportunities AS g
    GROUP BY g.source, g.extract, g.source_id
  )
SELECT
  COALESCE(s.source, g.source) AS source,
  COALESCE(s.extract, g.extract) AS extract,
  COALESCE(s.source_id, g.source_id) AS source_id
FROM standardised AS s
FULL JOIN golden AS g ON g.source = s.source AND g.extract = s.extract AND g.source_id = s.source_id
WHERE s.row_count IS DISTINCT FROM g.row_count
