-- model: orders
-- severity: warn
-- Where products are delivered at all, each product code of a line is the code of a product.
-- Prevents: sales by category that silently leave out what was sold under a code that was renamed.
SELECT o.source, o.extract, o.source_id, o.product_code
FROM gold.orders AS o
WHERE o.product_code IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM gold.products AS p WHERE p.product_code = o.product_code)
  AND EXISTS (SELECT 1 FROM gold.products AS p WHERE p.product_code IS NOT NULL)
