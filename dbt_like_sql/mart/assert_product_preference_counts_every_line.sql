-- model: product_preference
-- Each customer's order lines with a product are all counted, and no share is beyond them.
-- Prevents: a product that looks twice as popular because it is in the product table twice.
-- zh: 每位客户含产品的订单行全部计入，占比不超过 1。防止：产品表中重复的产品看起来加倍受欢迎。
WITH
  expected AS (
    SELECT o.customer_id, COUNT(*) AS line_count
    FROM gold.orders AS o
    WHERE o.customer_id IS NOT NULL AND o.product_code IS NOT NULL
    GROUP BY o.customer_id
  )
SELECT COALESCE(e.customer_id, p.customer_id) AS customer_id, e.line_count, p.product_order_line_count
FROM expected AS e
FULL JOIN mart.product_preference AS p ON p.customer_id = e.customer_id
WHERE e.line_count IS DISTINCT FROM p.product_order_line_count
  OR p.top_product_share > 1
  OR p.top_category_share > 1
  OR p.top_product_line_share > 1
