-- Sales by month of order and currency, with the lines that have no date, no currency or no amount in sight.
WITH
  lines AS (
    SELECT
      CAST(DATE_TRUNC('month', o.ordered_on) AS DATE) AS month,
      o.currency,
      o.customer_id,
      o.quantity,
      o.amount,
      o.is_unrated,
      o.order_key
    FROM link.valued_orders AS o
  ),
  first_months AS (
    SELECT l.customer_id, MIN(l.month) AS month
    FROM lines AS l
    WHERE l.customer_id IS NOT NULL
    GROUP BY l.customer_id
  )
SELECT
  l.month,
  l.currency,
  COUNT(DISTINCT l.order_key) AS order_count,
  COUNT(*) AS order_line_count,
  COUNT(DISTINCT l.customer_id) AS customer_count,
  COUNT(DISTINCT f.customer_id) AS new_customer_count,
  COALESCE(SUM(l.quantity), 0) AS quantity,
  COALESCE(SUM(l.amount), 0) AS revenue,
  COUNT(*) - COUNT(l.amount) - COUNT(CASE WHEN l.is_unrated THEN 1 END) AS unpriced_line_count,
  COUNT(CASE WHEN l.is_unrated THEN 1 END) AS unrated_line_count
FROM lines AS l
LEFT JOIN first_months AS f ON f.customer_id = l.customer_id AND f.month = l.month
GROUP BY l.month, l.currency
