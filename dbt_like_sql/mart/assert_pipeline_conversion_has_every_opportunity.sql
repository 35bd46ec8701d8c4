-- model: pipeline_conversion
-- Each opportunity is counted once, and is open, won or lost.
-- Prevents: a win rate that rises because lost sales fell out of the report.
-- zh: 每个商机只计一次，且为进行中、赢单或输单之一。防止：输单从报表中漏掉，使赢单率虚高。
WITH
  known AS (
    SELECT COUNT(*) AS opportunity_count
    FROM gold.opportunities AS o
  ),
  reported AS (
    SELECT
      COALESCE(SUM(p.opportunity_count), 0) AS opportunity_count,
      COALESCE(SUM(p.open_count + p.won_count + p.lost_count), 0) AS judged_count
    FROM mart.pipeline_conversion AS p
  )
SELECT known.opportunity_count, reported.opportunity_count AS reported_count, reported.judged_count
FROM known
CROSS JOIN reported
WHERE known.opportunity_count <> reported.opportunity_count OR known.opportunity_count <> reported.judged_count
