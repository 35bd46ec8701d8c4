-- model: customer_value
-- Each golden customer is there once, and its order lines add up to those in orders.
-- Prevents: customers who look worthless because a join dropped their orders, and totals that differ between two reports.
-- zh: 每位黄金客户出现一次，其订单行数与订单表一致。防止：关联时丢失订单，客户看似没有价值，两张报表的总数对不上。
WITH
  expected AS (
    SELECT c.customer_id, COUNT(o.customer_id) AS line_count
    FROM gold.customers AS c
    LEFT JOIN gold.orders AS o ON o.customer_id = c.customer_id
    GROUP BY c.customer_id
  )
SELECT COALESCE(e.customer_id, v.customer_id) AS customer_id, e.line_count, v.order_line_count
FROM expected AS e
FULL JOIN mart.customer_value AS v ON v.customer_id = e.customer_id
WHERE e.line_count IS DISTINCT FROM v.order_line_count
