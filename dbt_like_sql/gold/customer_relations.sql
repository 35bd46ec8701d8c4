-- Who works for whom: the contact of a record and that record, as their customers. A living record that names another
-- one is a relation from the first day on which it did; records of one customer are no relation.
WITH
  named AS (
    SELECT c.record_key, c.related_record_key, c.source, MIN(v.valid_from) AS since
    FROM std.customers AS c
    JOIN std.customers AS v ON v.record_key = c.record_key AND v.related_record_key = c.related_record_key
    WHERE c.valid_to IS NULL
    GROUP BY c.record_key, c.related_record_key, c.source
  ),
  related AS (
    SELECT
      m.customer_id,
      o.customer_id AS related_customer_id,
      CASE WHEN r.kind = 'person' THEN 'contact_of' ELSE 'works_for' END AS kind,
      n.source,
      n.since
    FROM named AS n
    JOIN link.members AS m ON m.record_key = n.record_key
    JOIN link.members AS o ON o.record_key = n.related_record_key
    JOIN std.customers AS r ON r.record_key = n.related_record_key AND r.valid_to IS NULL
  )
SELECT d.customer_id, d.related_customer_id, d.kind, d.source, MIN(d.since) AS since
FROM related AS d
WHERE d.customer_id <> d.related_customer_id
GROUP BY d.customer_id, d.related_customer_id, d.kind, d.source
