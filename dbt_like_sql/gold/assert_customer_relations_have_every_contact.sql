-- model: customer_relations
-- Each living contact whose organisation lives has its relation, unless both became one customer.
-- Prevents: an account manager who calls a company and does not learn whom to ask for.
-- zh: 所属组织有效的每位有效联系人都有其关系，除非两者已归并为同一客户。防止：客户经理致电一家公司，却不知该找谁。
SELECT c.record_key
FROM std.customers AS c
JOIN link.members AS m ON m.record_key = c.record_key
JOIN link.members AS o ON o.record_key = c.related_record_key
WHERE c.valid_to IS NULL
  AND m.customer_id <> o.customer_id
  AND NOT EXISTS (
    SELECT 1
    FROM gold.customer_relations AS r
    WHERE r.customer_id = m.customer_id AND r.related_customer_id = o.customer_id AND r.source = c.source
  )
