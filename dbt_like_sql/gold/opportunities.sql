-- Living opportunities, each with the customer that its reference leads to, as in orders.sql: every join is to at most one
-- row, so no opportunity is lost or multiplied.
WITH
  carried AS (
    SELECT o.record_key, UNNEST(o.customer_external_ids) AS identifier
    FROM std.opportunities AS o
    WHERE o.valid_to IS NULL
  ),
  -- Identifiers that lead to two customers prove nothing: the opportunity stays without one.
  by_identifier AS (
    SELECT c.record_key, MIN(i.customer_id) AS customer_id
    FROM carried AS c
    JOIN gold.customer_identifiers AS i
      ON i.namespace = c.identifier.namespace AND i.identifier = c.identifier.value
    GROUP BY c.record_key
    HAVING MIN(i.customer_id) = MAX(i.customer_id)
  )
SELECT
  o.source,
  o.extract,
  o.source_id,
  COALESCE(m.customer_id, f.customer_id, b.customer_id) AS customer_id,
  o.opportunity_number,
  o.name,
  o.stage,
  o.amount,
  o.currency,
  o.probability,
  o.expected_close_on,
  o.opened_at,
  o.closed_at,
  o.owner,
  o.status
FROM std.opportunities AS o
LEFT JOIN link.members AS m ON m.record_key = o.customer_record_key
LEFT JOIN link.former_members AS f ON f.record_key = o.customer_record_key
LEFT JOIN by_identifier AS b ON b.record_key = o.record_key
WHERE o.valid_to IS NULL
