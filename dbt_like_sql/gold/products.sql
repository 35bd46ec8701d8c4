-- Living product records; several versions of a product may share a product_code.
SELECT
  p.source,
  p.extract,
  p.source_id,
  p.product_code,
  p.name,
  p.category,
  p.product_line,
  p.cost,
  p.currency,
  p.available_from,
  p.available_to
FROM std.products AS p
WHERE p.valid_to IS NULL
