-- What each customer has bought, and how recently, how often and for how much compared with the others.
-- Formulas are in the description of each column. Unlike money is never added or compared.
WITH
  lines AS (
    SELECT o.customer_id, o.order_key, o.ordered_on, o.amount, o.currency, o.is_unrated
    FROM link.valued_orders AS o
    WHERE o.customer_id IS NOT NULL
  ),
  activity AS (
    SELECT
      l.customer_id,
      COUNT(DISTINCT l.order_key) AS order_count,
      COUNT(*) AS order_line_count,
      COUNT(l.amount) AS priced_line_count,
      COUNT(CASE WHEN l.is_unrated THEN 1 END) AS unrated_line_count,
      COUNT(DISTINCT CASE WHEN l.ordered_on IS NOT NULL THEN l.order_key END) AS dated_order_count,
      MIN(l.ordered_on) AS first_ordered_on,
      MAX(l.ordered_on) AS last_ordered_on
    FROM lines AS l
    GROUP BY l.customer_id
  ),
  by_currency AS (
    SELECT
      l.customer_id,
      l.currency,
      COUNT(*) AS line_count,
      COUNT(DISTINCT l.order_key) AS order_count,
      SUM(l.amount) AS revenue
    FROM lines AS l
    WHERE l.amount IS NOT NULL
    GROUP BY l.customer_id, l.currency
  ),
  ranked_currencies AS (
    SELECT
      b.customer_id,
      b.currency,
      b.line_count,
      b.order_count,
      b.revenue,
      ROW_NUMBER() OVER (PARTITION BY b.customer_id ORDER BY b.line_count DESC, b.currency NULLS LAST) AS rank
    FROM by_currency AS b
  ),
  spending AS (
    SELECT r.customer_id, r.currency, r.line_count, r.order_count, r.revenue
    FROM ranked_currencies AS r
    WHERE r.rank = 1
  ),
  recency AS (
    SELECT a.customer_id, NTILE(5) OVER (ORDER BY a.last_ordered_on, a.order_count, a.customer_id) AS score
    FROM activity AS a
    WHERE a.last_ordered_on IS NOT NULL
  ),
  frequency AS (
    SELECT
      a.customer_id,
      NTILE(5) OVER (ORDER BY a.order_count, a.last_ordered_on NULLS FIRST, a.customer_id) AS score
    FROM activity AS a
  ),
  monetary AS (
    SELECT
      s.customer_id,
      NTILE(5) OVER (PARTITION BY s.currency ORDER BY s.revenue, s.order_count, s.customer_id) AS score
    FROM spending AS s
  )
SELECT
  c.customer_id,
  COALESCE(a.order_count, 0) AS order_count,
  COALESCE(a.order_line_count, 0) AS order_line_count,
  s.currency,
  COALESCE(s.revenue, 0) AS revenue,
  COALESCE(a.priced_line_count, 0) - COALESCE(s.line_count, 0) AS other_currency_line_count,
  COALESCE(a.order_line_count - a.priced_line_count - a.unrated_line_count, 0) AS unpriced_line_count,
  COALESCE(a.unrated_line_count, 0) AS unrated_line_count,
  CAST(s.revenue / s.order_count AS DECIMAL(18, 4)) AS average_order_value,
  a.first_ordered_on,
  a.last_ordered_on,
  NULLIF(a.dated_order_count, 0) / GREATEST(1.0, DATE_DIFF('day', a.first_ordered_on, a.last_ordered_on) / 365.0) AS orders_per_year,
  CAST(
    CAST(s.revenue / s.order_count AS DOUBLE)
    * NULLIF(a.dated_order_count, 0)
    / GREATEST(1.0, DATE_DIFF('day', a.first_ordered_on, a.last_ordered_on) / 365.0)
    * 3 AS DECIMAL(24, 4)
  ) AS lifetime_value,
  CAST(r.score AS INTEGER) AS recency_score,
  CAST(f.score AS INTEGER) AS frequency_score,
  CAST(m.score AS INTEGER) AS monetary_score,
  CASE
    WHEN a.customer_id IS NULL THEN 'no_orders'
    WHEN a.last_ordered_on IS NULL THEN 'undated'
    WHEN r.score >= 4 AND f.score >= 4 AND m.score >= 4 THEN 'champion'
    WHEN r.score >= 3 AND f.score >= 4 THEN 'loyal'
    WHEN r.score >= 4 AND a.order_count = 1 THEN 'new'
    WHEN r.score <= 2 AND (f.score >= 4 OR m.score >= 4) THEN 'at_risk'
    WHEN r.score <= 2 THEN 'dormant'
    ELSE 'regular'
  END AS rfm_segment
FROM gold.customers AS c
LEFT JOIN activity AS a ON a.customer_id = c.customer_id
LEFT JOIN spending AS s ON s.customer_id = c.customer_id
LEFT JOIN recency AS r ON r.customer_id = c.customer_id
LEFT JOIN frequency AS f ON f.customer_id = c.customer_id
LEFT JOIN monetary AS m ON m.customer_id = c.customer_id
