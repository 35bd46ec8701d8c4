-- Living interactions, each with the customer that its reference leads to, as in orders.sql: every join is to at most
-- one row, so no interaction is lost or multiplied.
WITH
  carried AS (
    SELECT i.record_key, UNNEST(i.customer_external_ids) AS identifier
    FROM std.interactions AS i
    WHERE i.valid_to IS NULL
  ),
  -- Identifiers that lead to two customers prove nothing: the interaction stays without one.
  by_identifier AS (
    SELECT c.record_key, MIN(k.customer_id) AS customer_id
    FROM carried AS c
    JOIN gold.customer_identifiers AS k
      ON k.namespace = c.identifier.namespace AND k.identifier = c.identifier.value
    GROUP BY c.record_key
    HAVING MIN(k.customer_id) = MAX(k.customer_id)
  )
SELECT
  i.source,
  i.extract,
  i.source_id,
  COALESCE(m.customer_id, f.customer_id, b.customer_id) AS customer_id,
  i.campaign_code,
  i.kind,
  i.channel,
  i.direction,
  i.occurred_at,
  i.outcome,
  i.subject,
  i.owner
FROM std.interactions AS i
LEFT JOIN link.members AS m ON m.record_key = i.customer_record_key
LEFT JOIN link.former_members AS f ON f.record_key = i.customer_record_key
LEFT JOIN by_identifier AS b ON b.record_key = i.record_key
WHERE i.valid_to IS NULL
