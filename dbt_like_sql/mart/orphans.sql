-- Order lines that no customer could be found for, with the reference as the source wrote it.
SELECT
  'orders' AS entity,
  o.source,
  o.extract,
  o.source_id,
  s.customer_record_key
FROM gold.orders AS o
JOIN std.orders AS s
  ON s.source = o.source AND s.extract = o.extract AND s.source_id = o.source_id AND s.valid_to IS NULL
WHERE o.customer_id IS NULL
