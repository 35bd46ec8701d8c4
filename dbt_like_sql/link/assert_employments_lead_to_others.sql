-- model: employments
-- Nobody works for himself, and whom one works for by name alone is no person.
-- Prevents: a list of a company's contacts that has the company in it, and a person who is somebody's employer because
-- a shop is called after him.
-- zh: 任何人都不会受雇于自己；仅凭名称认定的雇主不会是个人。防止：公司联系人名单中出现公司自身，或因店铺与人同名而把个人当作雇主。
SELECT e.customer_id
FROM link.employments AS e
WHERE e.customer_id = e.related_customer_id
  OR (e.known_by = 'name' AND NOT EXISTS (
    SELECT 1
    FROM link.members AS m
    JOIN std.customers AS c ON c.record_key = m.record_key AND c.valid_to IS NULL
    WHERE m.customer_id = e.related_customer_id AND c.kind = 'organisation'
  ))
