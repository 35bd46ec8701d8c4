-- model: customer_value
-- Revenue is the sum of the customer's amounts in exactly the currency it is stated in.
-- Prevents: yen added to euros, which made the smallest customer of a report its largest.
-- zh: 收入只汇总该客户以所示币种计价的金额。防止：日元与欧元直接相加，使报表中最小的客户变成最大。
WITH
  sums AS (
    SELECT o.customer_id, o.currency, SUM(o.amount) AS amount
    FROM link.valued_orders AS o
    WHERE o.amount IS NOT NULL
    GROUP BY o.customer_id, o.currency
  )
SELECT v.customer_id, v.currency, v.revenue, s.amount
FROM mart.customer_value AS v
LEFT JOIN sums AS s ON s.customer_id = v.customer_id AND s.currency IS NOT DISTINCT FROM v.currency
WHERE v.revenue <> COALESCE(s.amount, 0)
