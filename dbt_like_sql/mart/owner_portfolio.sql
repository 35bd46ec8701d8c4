-- What each owner looks after: customers, their revenue, what may still be sold to them, and who has gone quiet.
WITH
  newest AS (
    SELECT MAX(v.last_ordered_on) AS ordered_on
    FROM mart.customer_value AS v
  ),
  -- A word of status counts before one of stage; without either the sale is open.
  open_sales AS (
    SELECT o.customer_id, COUNT(*) AS opportunity_count
    FROM gold.opportunities AS o
    LEFT JOIN link.outcome_words AS s ON s.word = LOWER(TRIM(o.status)) AND s.kind IN ('won', 'lost')
    LEFT JOIN link.outcome_words AS t ON t.word = LOWER(TRIM(o.stage)) AND t.kind IN ('won', 'lost')
    WHERE o.customer_id IS NOT NULL AND s.word IS NULL AND t.word IS NULL
    GROUP BY o.customer_id
  )
SELECT
  c.owner,
  v.currency,
  COUNT(*) AS customer_count,
  COUNT(CASE WHEN v.order_count > 0 THEN 1 END) AS buyer_count,
  COUNT(CASE WHEN v.last_ordered_on < n.ordered_on - INTERVAL 12 MONTH THEN 1 END) AS dormant_count,
  SUM(v.revenue) AS revenue,
  CAST(COALESCE(SUM(s.opportunity_count), 0) AS BIGINT) AS open_opportunity_count
FROM gold.customers AS c
JOIN mart.customer_value AS v ON v.customer_id = c.customer_id
CROSS JOIN newest AS n
LEFT JOIN open_sales AS s ON s.customer_id = c.customer_id
GROUP BY c.owner, v.currency
