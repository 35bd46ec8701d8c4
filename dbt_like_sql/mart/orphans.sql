-- Order lines, tickets, interactions, opportunities and payments that no customer could be found for, with the reference
-- as the source wrote it.
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
UNION ALL
SELECT
  'opportunities' AS entity,
  u.source,
  u.extract,
  u.source_id,
  s.customer_record_key
FROM gold.opportunities AS u
JOIN std.opportunities AS s
  ON s.source = u.source AND s.extract = u.extract AND s.source_id = u.source_id AND s.valid_to IS NULL
WHERE u.customer_id IS NULL
UNION ALL
SELECT
  'payments' AS entity,
  p.source,
  p.extract,
  p.source_id,
  s.customer_record_key
FROM gold.payments AS p
JOIN std.payments AS s
  ON s.source = p.source AND s.extract = p.extract AND s.source_id = p.source_id AND s.valid_to IS NULL
WHERE p.customer_id IS NULL
