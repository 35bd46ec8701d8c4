-- Living tickets, each with the customer that its reference leads to, as in orders.sql: every join is to at most one
-- row, so no ticket is lost or multiplied.
WITH
  carried AS (
    SELECT t.record_key, UNNEST(t.customer_external_ids) AS identifier
    FROM std.tickets AS t
    WHERE t.valid_to IS NULL
  ),
  -- Identifiers that lead to two customers prove nothing: the ticket stays without one.
  by_identifier AS (
    SELECT c.record_key, MIN(i.customer_id) AS customer_id
    FROM carried AS c
    JOIN gold.customer_identifiers AS i
      ON i.namespace = c.identifier.namespace AND i.identifier = c.identifier.value
    GROUP BY c.record_key
    HAVING MIN(i.customer_id) = MAX(i.customer_id)
  )
SELECT
  t.source,
  t.extract,
  t.source_id,
  COALESCE(m.customer_id, f.customer_id, b.customer_id) AS customer_id,
  t.ticket_number,
  t.subject,
  t.description,
  t.category,
  t.priority,
  t.channel,
  t.status,
  t.opened_at,
  t.closed_at,
  t.satisfaction,
  t.owner
FROM std.tickets AS t
LEFT JOIN link.members AS m ON m.record_key = t.customer_record_key
LEFT JOIN link.former_members AS f ON f.record_key = t.customer_record_key
LEFT JOIN by_identifier AS b ON b.record_key = t.record_key
WHERE t.valid_to IS NULL
