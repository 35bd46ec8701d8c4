-- model: branches
-- A head office is no branch of its branch, nor of itself, and a group no member of its member.
-- Prevents: a total over a group that counts a company twice, or never ends.
-- zh: 总部不会是其分支机构的分支，也不会是自身的分支；集团不会是其成员的成员。防止：集团汇总时重复计算或陷入循环。
SELECT b.customer_id, b.related_customer_id
FROM link.branches AS b
WHERE b.customer_id = b.related_customer_id
  OR EXISTS (
    SELECT 1 FROM link.branches AS r
    WHERE r.customer_id = b.related_customer_id AND r.related_customer_id = b.customer_id
  )
