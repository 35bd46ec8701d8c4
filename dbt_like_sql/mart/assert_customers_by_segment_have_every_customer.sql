-- model: customers_by_segment
-- Each golden customer is in one segment, with all its revenue.
-- Prevents: customers of unknown industry or region who are left out, so that shares are shares of the known ones only.
-- zh: 每位黄金客户只属于一个分组，且收入完整。防止：行业或地区未知的客户被遗漏，占比只是已知部分的占比。
WITH
  known AS (
    SELECT COUNT(*) AS customer_count, COALESCE(SUM(v.revenue), 0) AS revenue
    FROM mart.customer_value AS v
  ),
  reported AS (
    SELECT COALESCE(SUM(p.customer_count), 0) AS customer_count, COALESCE(SUM(p.revenue), 0) AS revenue
    FROM mart.customers_by_segment AS p
  )
SELECT known.customer_count, reported.customer_count AS reported_count
FROM known
CROSS JOIN reported
WHERE known.customer_count <> reported.customer_count OR known.revenue <> reported.revenue
