-- model: customer_identifiers
-- Each identifier of a living customer record is there with the customer of that record.
-- Prevents: orders that lose their customer because the identifier they carry was left out.
-- zh: 有效客户记录的每个标识符都已列出，并对应该记录的客户。防止：订单所带标识符漏列，因而找不到客户。
WITH
  carried AS (
    SELECT c.record_key, UNNEST(c.external_ids) AS identifier
    FROM std.customers AS c
    WHERE c.valid_to IS NULL
  )
SELECT c.record_key
FROM carried AS c
JOIN link.members AS m ON m.record_key = c.record_key
WHERE c.identifier.namespace IS NOT NULL
  AND c.identifier.value IS NOT NULL
  AND NOT EXISTS (
    SELECT 1
    FROM gold.customer_identifiers AS i
    WHERE i.namespace = c.identifier.namespace AND i.identifier = c.identifier.value AND i.customer_id = m.customer_id
  )
