-- model: data_quality_daily
-- Deliveries and their rows add up to those applied.
-- Prevents: a chart that shows a good day because the bad delivery of that day is not in it.
-- zh: 交付次数和行数与实际处理的一致。防止：当天的问题交付未计入图表，看似一切正常。
WITH
  applied AS (
    SELECT COUNT(*) AS delivery_count, COALESCE(SUM(l.delivered_count), 0) AS delivered_count
    FROM ops.loads AS l
  ),
  reported AS (
    SELECT
      COALESCE(SUM(d.delivery_count), 0) AS delivery_count,
      COALESCE(SUM(d.delivered_count), 0) AS delivered_count
    FROM mart.data_quality_daily AS d
  )
SELECT applied.delivery_count, reported.delivery_count AS reported_delivery_count
FROM applied
CROSS JOIN reported
WHERE applied.delivery_count <> reported.delivery_count OR applied.delivered_count <> reported.delivered_count
