-- model: source_overview
-- Records add up to the living records that are published.
-- Prevents: a source that drops out of the overview, so that its share of duplicates looks solved.
-- zh: 记录数合计等于已发布的有效记录数。防止：某个来源从概览中消失，其重复率看似已解决。
WITH
  living AS (
    SELECT COUNT(*) AS record_count
    FROM gold.customer_records AS r
    WHERE r.deleted_on IS NULL
  ),
  reported AS (
    SELECT COALESCE(SUM(v.record_count), 0) AS record_count
    FROM mart.source_overview AS v
  )
SELECT living.record_count AS living_record_count, reported.record_count AS reported_record_count
FROM living
CROSS JOIN reported
WHERE living.record_count <> reported.record_count
