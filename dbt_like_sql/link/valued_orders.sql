-- Living order lines with their amount in the reporting currency, at the latest rate on or before the day of the order.
-- Without a reporting currency amounts stay in their own. A join is to at most one rate, so no line is multiplied.
WITH
  reporting AS (
    SELECT MIN(r.reporting_currency) AS currency
    FROM ops.exchange_rates AS r
  )
SELECT
  o.source,
  o.extract,
  o.source_id,
  o.customer_id,
  CONCAT_WS('/', o.source, o.extract, COALESCE('number ' || o.order_number, 'line ' || o.source_id)) AS order_key,
  o.product_code,
  o.ordered_on,
  o.quantity,
  CASE
    WHEN p.currency IS NULL OR o.currency = p.currency THEN CAST(o.amount AS DECIMAL(24, 4))
    ELSE CAST(CAST(o.amount AS DECIMAL(20, 4)) * x.rate AS DECIMAL(24, 4))
  END AS amount,
  COALESCE(p.currency, o.currency) AS currency,
  p.currency IS NOT NULL
    AND o.amount IS NOT NULL
    AND (o.currency IS NULL OR (o.currency <> p.currency AND x.rate IS NULL)) AS is_unrated
FROM gold.orders AS o
CROSS JOIN reporting AS p
LEFT JOIN ops.exchange_rates AS x
  ON x.currency = o.currency AND o.ordered_on >= x.valid_from AND (x.valid_to IS NULL OR o.ordered_on < x.valid_to)
