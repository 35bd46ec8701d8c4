-- model: sales_monthly
-- Over all months, lines and revenue of each currency are those of orders.
-- Prevents: a month report that is short by the lines whose date could not be read.
-- zh: 各月合计的行数和各币种收入与订单表一致。防止：日期无法识别的订单行从月报中漏掉。
WITH
  expected AS (
    SELECT o.currency, COUNT(*) AS line_count, COALESCE(SUM(o.amount), 0) AS revenue
    FROM link.valued_orders AS o
    GROUP BY o.currency
  ),
  reported AS (
    SELECT m.currency, SUM(m.order_line_count) AS line_count, SUM(m.revenue) AS revenue
    FROM mart.sales_monthly AS m
    GROUP BY m.currency
  )
SELECT COALESCE(e.currency, r.currency) AS currency, e.revenue AS expected_revenue, r.revenue AS reported_revenue
FROM expected AS e
FULL JOIN reported AS r ON r.currency IS NOT DISTINCT FROM e.currency
WHERE e.line_count IS DISTINCT FROM r.line_count OR e.revenue IS DISTINCT FROM r.revenue
