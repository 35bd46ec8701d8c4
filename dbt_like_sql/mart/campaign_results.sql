-- What each campaign cost, whom it reached, and which customers bought for the first time after it: last touch, 30 days.
WITH
  reporting AS (
    SELECT MIN(r.reporting_currency) AS currency
    FROM ops.exchange_rates AS r
  ),
  codes AS (
    SELECT DISTINCT i.source, i.campaign_code
    FROM gold.interactions AS i
    WHERE i.campaign_code IS NOT NULL
  ),
  -- The campaign that a code means in a system: its own one, else the first of another system.
  ranked_campaigns AS (
    SELECT
      k.source AS touching_source,
      k.campaign_code,
      c.source,
      c.extract,
      c.source_id,
      ROW_NUMBER() OVER (
        PARTITION BY k.source, k.campaign_code
        ORDER BY CASE WHEN c.source = k.source THEN 0 ELSE 1 END, c.source, c.extract, c.source_id
      ) AS rank
    FROM codes AS k
    JOIN gold.campaigns AS c ON c.campaign_code = k.campaign_code
  ),
  touches AS (
    SELECT
      r.source,
      r.extract,
      r.source_id,
      i.customer_id,
      s.occurred_on,
      i.occurred_at,
      i.source_id AS interaction_id
    FROM gold.interactions AS i
    JOIN ranked_campaigns AS r ON r.touching_source = i.source AND r.campaign_code = i.campaign_code AND r.rank = 1
    LEFT JOIN std.interactions AS s
      ON s.source = i.source AND s.extract = i.extract AND s.source_id = i.source_id AND s.valid_to IS NULL
    WHERE i.customer_id IS NOT NULL
  ),
  reached AS (
    SELECT t.source, t.extract, t.source_id, COUNT(DISTINCT t.customer_id) AS customer_count, COUNT(*) AS touch_count
    FROM touches AS t
    GROUP BY t.source, t.extract, t.source_id
  ),
  first_days AS (
    SELECT o.customer_id, MIN(o.ordered_on) AS ordered_on
    FROM link.valued_orders AS o
    WHERE o.customer_id IS NOT NULL
    GROUP BY o.customer_id
    HAVING MIN(o.ordered_on) IS NOT NULL
  ),
  ranked_touches AS (
    SELECT
      t.source,
      t.extract,
      t.source_id,
      t.customer_id,
      f.ordered_on,
      ROW_NUMBER() OVER (
        PARTITION BY t.customer_id
        ORDER BY t.occurred_at DESC, t.source, t.extract, t.source_id, t.interaction_id
      ) AS rank
    FROM touches AS t
    JOIN first_days AS f ON f.customer_id = t.customer_id
    WHERE t.occurred_on <= f.ordered_on AND DATE_DIFF('day', t.occurred_on, f.ordered_on) <= 30
  ),
  won AS (
    SELECT r.source, r.extract, r.source_id, r.customer_id, r.ordered_on
    FROM ranked_touches AS r
    WHERE r.rank = 1
  ),
  new_customers AS (
    SELECT w.source, w.extract, w.source_id, COUNT(*) AS customer_count
    FROM won AS w
    GROUP BY w.source, w.extract, w.source_id
  ),
  campaigns AS (
    SELECT
      c.source,
      c.extract,
      c.source_id,
      c.campaign_code,
      c.name,
      c.channel,
      c.started_on,
      c.ended_on,
      CASE
        WHEN p.currency IS NULL OR c.currency = p.currency THEN CAST(c.cost AS DECIMAL(24, 4))
        ELSE CAST(CAST(c.cost AS DECIMAL(20, 4)) * x.rate AS DECIMAL(24, 4))
      END AS cost,
      COALESCE(p.currency, c.currency) AS currency
    FROM gold.campaigns AS c
    CROSS JOIN reporting AS p
    LEFT JOIN ops.exchange_rates AS x
      ON x.currency = c.currency AND c.started_on >= x.valid_from AND (x.valid_to IS NULL OR c.started_on < x.valid_to)
  ),
  sales AS (
    SELECT
      w.source,
      w.extract,
      w.source_id,
      SUM(CASE WHEN o.currency = c.currency THEN o.amount END) AS revenue,
      COUNT(CASE WHEN o.amount IS NULL OR o.currency IS DISTINCT FROM c.currency THEN 1 END) AS left_out_line_count
    FROM won AS w
    JOIN campaigns AS c ON c.source = w.source AND c.extract = w.extract AND c.source_id = w.source_id
    JOIN link.valued_orders AS o ON o.customer_id = w.customer_id AND o.ordered_on = w.ordered_on
    GROUP BY w.source, w.extract, w.source_id
  )
SELECT
  c.source,
  c.extract,
  c.source_id,
  c.campaign_code,
  c.name,
  c.channel,
  c.started_on,
  c.ended_on,
  c.currency,
  c.cost,
  COALESCE(r.touch_count, 0) AS interaction_count,
  COALESCE(r.customer_count, 0) AS reached_customer_count,
  COALESCE(n.customer_count, 0) AS new_customer_count,
  CAST(c.cost / n.customer_count AS DECIMAL(24, 4)) AS acquisition_cost,
  COALESCE(s.revenue, 0) AS first_revenue,
  COALESCE(s.left_out_line_count, 0) AS left_out_line_count
FROM campaigns AS c
LEFT JOIN reached AS r ON r.source = c.source AND r.extract = c.extract AND r.source_id = c.source_id
LEFT JOIN new_customers AS n ON n.source = c.source AND n.extract = c.extract AND n.source_id = c.source_id
LEFT JOIN sales AS s ON s.source = c.source AND s.extract = c.extract AND s.source_id = c.source_id
