-- Living order lines, each with the customer that its reference leads to. A line is never lost or multiplied: every
-- join is to at most one row.
WITH
  order_identifiers AS (
    SELECT o.record_key, UNNEST(o.customer_external_ids) AS identifier
    FROM std.orders AS o
    WHERE o.valid_to IS NULL
  ),
  record_identifiers AS (
    SELECT c.record_key, UNNEST(c.external_ids) AS identifier
    FROM std.customers AS c
    WHERE c.valid_to IS NULL
  ),
  identified_customers AS (
    SELECT DISTINCT r.identifier.namespace AS namespace, r.identifier.value AS value, m.customer_id
    FROM record_identifiers AS r
    JOIN link.members AS m ON m.record_key = r.record_key
  ),
  -- Identifiers that lead to two customers prove nothing: the line stays without one.
  by_identifier AS (
    SELECT o.record_key, MIN(i.customer_id) AS customer_id
    FROM order_identifiers AS o
    JOIN identified_customers AS i
      ON i.namespace = o.identifier.namespace AND i.value = o.identifier.value
    GROUP BY o.record_key
    HAVING COUNT(DISTINCT i.customer_id) = 1
  )
SELECT
  o.source,
  o.extract,
  o.source_id,
  COALESCE(m.customer_id, f.customer_id, i.customer_id) AS customer_id,
  o.order_number,
  o.line_number,
  o.product_code,
  o.ordered_on,
  o.shipped_on,
  o.due_on,
  o.quantity,
  o.unit_price,
  o.amount,
  o.currency,
  o.status
FROM std.orders AS o
LEFT JOIN link.members AS m ON m.record_key = o.customer_record_key
LEFT JOIN link.former_members AS f ON f.record_key = o.customer_record_key
LEFT JOIN by_identifier AS i ON i.record_key = o.record_key
WHERE o.valid_to IS NULL
