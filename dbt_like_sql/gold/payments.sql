-- Living payments, each with the customer that its reference leads to, as in orders.sql: every join is to at most one
-- row, so no payment is lost or multiplied.
WITH
  carried AS (
    SELECT p.record_key, UNNEST(p.customer_external_ids) AS identifier
    FROM std.payments AS p
    WHERE p.valid_to IS NULL
  ),
  -- Identifiers that lead to two customers prove nothing: the payment stays without one.
  by_identifier AS (
    SELECT c.record_key, MIN(i.customer_id) AS customer_id
    FROM carried AS c
    JOIN gold.customer_identifiers AS i
      ON i.namespace = c.identifier.namespace AND i.identifier = c.identifier.value
    GROUP BY c.record_key
    HAVING MIN(i.customer_id) = MAX(i.customer_id)
  )
SELECT
  p.source,
  p.extract,
  p.source_id,
  COALESCE(m.customer_id, f.customer_id, b.customer_id) AS customer_id,
  p.payment_number,
  p.order_number,
  p.invoice_number,
  p.amount,
  p.currency,
  p.paid_at,
  p.method,
  p.status
FROM std.payments AS p
LEFT JOIN link.members AS m ON m.record_key = p.customer_record_key
LEFT JOIN link.former_members AS f ON f.record_key = p.customer_record_key
LEFT JOIN by_identifier AS b ON b.record_key = p.record_key
WHERE p.valid_to IS NULL
