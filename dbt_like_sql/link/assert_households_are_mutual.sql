-- model: households
-- Who lives with somebody is lived with, and nobody lives with himself.
-- Prevents: one letter to a household when it is asked for from one side, and two from the other.
-- zh: 同住关系必须双向成立，任何人不与自己同住。防止：从一方看一户只寄一封信，从另一方看却寄两封。
SELECT h.customer_id, h.related_customer_id
FROM link.households AS h
WHERE h.customer_id = h.related_customer_id
  OR NOT EXISTS (
    SELECT 1 FROM link.households AS r
    WHERE r.customer_id = h.related_customer_id AND r.related_customer_id = h.customer_id
  )
