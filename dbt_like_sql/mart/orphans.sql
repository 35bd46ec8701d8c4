-- Order lines, tickets and interactions that no customer could be found for, with the reference as the source wrote it.
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
UNION ALL
SELECT
  'tickets' AS entity,
  t.source,
  t.extract,
  t.source_id,
  s.customer_record_key
FROM gold.tickets AS t
JOIN std.tickets AS s
  ON s.source = t.source AND s.extract = t.extract AND s.source_id = t.source_id AND s.valid_to IS NULL
WHERE t.customer_id IS NULL
UNION ALL
SELECT
  'interactions' AS entity,
  i.source,
  i.extract,
  i.source_id,
  s.customer_record_key
FROM gold.interactions AS i
JOIN std.interactions AS s
  ON s.source = i.source AND s.extract = i.extract AND s.source_id = i.source_id AND s.valid_to IS NULL
WHERE i.customer_id IS NULL
