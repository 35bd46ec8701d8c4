-- Which customers belong together without being one: whom a person works for, who live together, what is a branch or a
-- member of what.
SELECT e.customer_id, e.related_customer_id, e.kind, e.source, e.known_by, e.since
FROM link.employments AS e
UNION ALL
SELECT h.customer_id, h.related_customer_id, 'household' AS kind, h.source, 'address' AS known_by, h.since
FROM link.households AS h
UNION ALL
SELECT b.customer_id, b.related_customer_id, b.kind, b.source,
  CASE b.kind WHEN 'member_of' THEN 'domain' ELSE 'name' END AS known_by, b.since
FROM link.branches AS b
