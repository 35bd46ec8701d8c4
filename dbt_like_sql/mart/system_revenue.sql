-- For every two systems with orders, and for each currency: orders, lines and revenue side by side, in all and of the
-- customers who ordered in both. Unlike money is never added or compared.
WITH
  sums AS (
    SELECT
      o.source,
      o.currency,
      COUNT(DISTINCT o.order_key) AS order_count,
      COUNT(*) AS line_count,
      COUNT(CASE WHEN o.amount IS NULL THEN 1 END) AS unpriced_count,
      SUM(o.amount) AS revenue
    FROM link.valued_orders AS o
    GROUP BY o.source, o.currency
  ),
  systems AS (
    SELECT DISTINCT s.source
    FROM sums AS s
  ),
  pairs AS (
    SELECT DISTINCT a.source AS first_source, b.source AS second_source, c.currency
    FROM systems AS a
    JOIN systems AS b ON b.source > a.source
    JOIN sums AS c ON c.source = a.source OR c.source = b.source
  ),
  by_customer AS (
    SELECT o.source, o.currency, o.customer_id, COALESCE(SUM(o.amount), 0) AS revenue
    FROM link.valued_orders AS o
    WHERE o.customer_id IS NOT NULL
    GROUP BY o.source, o.currency, o.customer_id
  ),
  shared AS (
    SELECT
      a.source AS first_source,
      b.source AS second_source,
      a.currency,
      COUNT(*) AS customer_count,
      COUNT(CASE WHEN a.revenue <> b.revenue THEN 1 END) AS differing_count,
      SUM(a.revenue) AS first_revenue,
      SUM(b.revenue) AS second_revenue
    FROM by_customer AS a
    JOIN by_customer AS b
      ON b.customer_id = a.customer_id AND b.source > a.source AND b.currency IS NOT DISTINCT FROM a.currency
    GROUP BY a.source, b.source, a.currency
  )
SELECT
  p.first_source,
  p.second_source,
  p.currency,
  COALESCE(a.order_count, 0) AS first_order_count,
  COALESCE(b.order_count, 0) AS second_order_count,
  COALESCE(a.line_count, 0) AS first_line_count,
  COALESCE(b.line_count, 0) AS second_line_count,
  COALESCE(a.unpriced_count, 0) AS first_unpriced_line_count,
  COALESCE(b.unpriced_count, 0) AS second_unpriced_line_count,
  COALESCE(a.revenue, 0) AS first_revenue,
  COALESCE(b.revenue, 0) AS second_revenue,
  COALESCE(s.customer_count, 0) AS shared_customer_count,
  COALESCE(s.differing_count, 0) AS differing_customer_count,
  COALESCE(s.first_revenue, 0) AS first_shared_revenue,
  COALESCE(s.second_revenue, 0) AS second_shared_revenue
FROM pairs AS p
LEFT JOIN sums AS a ON a.source = p.first_source AND a.currency IS NOT DISTINCT FROM p.currency
LEFT JOIN sums AS b ON b.source = p.second_source AND b.currency IS NOT DISTINCT FROM p.currency
LEFT JOIN shared AS s
  ON s.first_source = p.first_source
  AND s.second_source = p.second_source
  AND s.currency IS NOT DISTINCT FROM p.currency
