-- What a shared identifier leads to. One that leads to two customers has two rows here, and proves nothing.
WITH
  record_identifiers AS (
    SELECT c.record_key, UNNEST(c.external_ids) AS identifier
    FROM std.customers AS c
    WHERE c.valid_to IS NULL
  )
SELECT DISTINCT r.identifier.namespace AS namespace, r.identifier.value AS identifier, m.customer_id
FROM record_identifiers AS r
JOIN link.members AS m ON m.record_key = r.record_key
WHERE r.identifier.namespace IS NOT NULL AND r.identifier.value IS NOT NULL
