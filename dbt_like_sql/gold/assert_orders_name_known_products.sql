-- model: orders
-- severity: warn
-- Where products are delivered at all, each product code of a line is the code of a product.
-- Prevents: sales by category that silently leave out what was sold under a code that was renamed.
-- zh: 只要交付了产品，订单行中的产品编码就必须存在于产品。防止：产品编码更名后，其销售被悄悄排除在分类统计之外。
SELECT o.source, o.extract, o.source_id, o.product_code
FROM gold.orders AS o
WHERE o.product_code IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM gold.products AS p WHERE p.product_code = o.product_code)
  AND EXISTS (SELECT 1 FROM gold.products AS p WHERE p.product_code IS NOT NULL)
