-- model: system_revenue
-- Each system shows all its order lines and all its revenue against every other system.
-- Prevents: revenue that disappears from one comparison because the other system lacks the currency.
-- zh: 每个系统在与任一其他系统的对比中，订单行与收入均完整。防止：因对方系统没有该币种，收入在对比中消失。
WITH
  systems AS (
    SELECT o.source, COUNT(*) AS line_count, COALESCE(SUM(o.amount), 0) AS revenue
    FROM link.valued_orders AS o
    GROUP BY o.source
  ),
  wanted AS (
    SELECT a.source, b.source AS other_source, a.line_count, a.revenue
    FROM systems AS a
    JOIN systems AS b ON b.source <> a.source
  ),
  sides AS (
    SELECT r.first_source AS source, r.second_source AS other_source, r.first_line_count AS line_count, r.first_revenue AS revenue
    FROM mart.system_revenue AS r
    UNION ALL
    SELECT r.second_source AS source, r.first_source AS other_source, r.second_line_count AS line_count, r.second_revenue AS revenue
    FROM mart.system_revenue AS r
  ),
  shown AS (
    SELECT s.source, s.other_source, SUM(s.line_count) AS line_count, SUM(s.revenue) AS revenue
    FROM sides AS s
    GROUP BY s.source, s.other_source
  )
SELECT w.source, w.other_source, w.line_count, s.line_count AS shown_count
FROM wanted AS w
LEFT JOIN shown AS s ON s.source = w.source AND s.other_source = w.other_source
WHERE w.line_count <> COALESCE(s.line_count, 0) OR w.revenue <> COALESCE(s.revenue, 0)
