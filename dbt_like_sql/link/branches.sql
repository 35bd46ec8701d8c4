-- Organisations that belong to another one. A branch (分公司, 办事处, 门店, Branch) is of the one customer whose name is
-- the same but for it: the same key, no other place, and not a branch itself. A company is of a group (集团, Group,
-- Holdings) where both use one domain, the group's name begins the company's, and most of those who use the domain are
-- called so; a provider of mailboxes is not such a domain. Two that are called alike but for 集团 may be one company
-- written in two ways: they belong together only where both have a credit code of their own. The branch of a group
-- (华为集团北京分公司) is a branch and no group, so that no two customers belong to each other: relations lead from branches
-- to what is none, and from what is neither branch nor group to groups.
WITH
  organisations AS (
    SELECT
      c.record_key,
      c.source,
      m.customer_id,
      c.organisation_key,
      c.organisation_id,
      COALESCE(c.organisation_branch, '') <> '' AS is_branch,
      COALESCE(REGEXP_MATCHES(LOWER(c.name), '集团|集團|\b(group|holdings?)\b'), FALSE) AS is_group,
      COALESCE(REGEXP_REPLACE(c.organisation_region_code, '(00)+$', ''), NULLIF(c.organisation_region, '中国'), '')
        AS region,
      LIST_CONCAT(
        COALESCE(c.emails, []),
        ['@' || REGEXP_EXTRACT(LOWER(c.website), '^(?:https?://)?(?:www\.)?([^/:?#\s]+)', 1)]
      ) AS addresses
    FROM std.customers AS c
    JOIN link.members AS m ON m.record_key = c.record_key
    WHERE c.valid_to IS NULL AND c.kind = 'organisation' AND c.organisation_key <> ''
  ),
  kinds AS (
    SELECT o.customer_id, BOOL_OR(o.is_branch) AS is_branch, BOOL_OR(o.is_group) AS is_group
    FROM organisations AS o
    GROUP BY o.customer_id
  ),
  head_offices AS (
    SELECT DISTINCT o.organisation_key, o.region, o.customer_id
    FROM organisations AS o
    JOIN kinds AS k ON k.customer_id = o.customer_id AND NOT k.is_branch
  ),
  telling AS (
    SELECT h.organisation_key
    FROM head_offices AS h
    GROUP BY h.organisation_key
    HAVING COUNT(DISTINCT h.customer_id) <= 20
  ),
  branches AS (
    SELECT o.record_key, o.customer_id, o.source, o.organisation_key, MIN(h.customer_id) AS related_customer_id
    FROM organisations AS o
    JOIN telling AS t ON t.organisation_key = o.organisation_key
    JOIN head_offices AS h
      ON h.organisation_key = o.organisation_key
      AND (STARTS_WITH(h.region, o.region) OR STARTS_WITH(o.region, h.region))
    WHERE o.is_branch
    GROUP BY o.record_key, o.customer_id, o.source, o.organisation_key
    HAVING COUNT(DISTINCT h.customer_id) = 1
  ),
  users_of_domains AS (
    SELECT DISTINCT u.record_key, u.source, u.customer_id, u.organisation_key, u.is_group,
      SPLIT_PART(u.address, '@', 2) AS domain
    FROM (
      SELECT o.record_key, o.source, o.customer_id, o.organisation_key, o.is_group, UNNEST(o.addresses) AS address
      FROM organisations AS o
    ) AS u
    WHERE u.address LIKE '%@%.%'
  ),
  groups AS (
    SELECT u.domain, MIN(u.customer_id) AS customer_id, MIN(u.organisation_key) AS organisation_key
    FROM users_of_domains AS u
    JOIN kinds AS k ON k.customer_id = u.customer_id AND NOT k.is_branch
    WHERE u.is_group AND LENGTH(u.organisation_key) >= 2
    GROUP BY u.domain
    HAVING COUNT(DISTINCT u.customer_id) = 1
  ),
  own_domains AS (
    SELECT g.domain, g.customer_id, g.organisation_key
    FROM groups AS g
    JOIN users_of_domains AS u ON u.domain = g.domain
    GROUP BY g.domain, g.customer_id, g.organisation_key
    HAVING 2 * COUNT(DISTINCT u.customer_id) FILTER (WHERE STARTS_WITH(u.organisation_key, g.organisation_key))
      > COUNT(DISTINCT u.customer_id)
  ),
  codes AS (
    SELECT DISTINCT o.customer_id, o.organisation_id
    FROM organisations AS o
    WHERE o.organisation_id IS NOT NULL
  ),
  members AS (
    SELECT u.record_key, u.customer_id, u.source, u.organisation_key, g.customer_id AS related_customer_id
    FROM users_of_domains AS u
    JOIN kinds AS k ON k.customer_id = u.customer_id AND NOT k.is_group AND NOT k.is_branch
    JOIN own_domains AS g ON g.domain = u.domain AND STARTS_WITH(u.organisation_key, g.organisation_key)
    LEFT JOIN codes AS c ON c.customer_id = u.customer_id
    LEFT JOIN codes AS d ON d.customer_id = g.customer_id
    GROUP BY u.record_key, u.customer_id, u.source, u.organisation_key, g.customer_id, g.organisation_key
    HAVING u.organisation_key <> g.organisation_key OR BOOL_AND(COALESCE(c.organisation_id <> d.organisation_id, FALSE))
  ),
  found AS (
    SELECT b.*, 'branch_of' AS kind FROM branches AS b
    UNION
    SELECT m.record_key, m.customer_id, m.source, m.organisation_key, m.related_customer_id, 'member_of' AS kind
    FROM members AS m
  )
SELECT f.customer_id, f.related_customer_id, f.kind, f.source, MIN(v.valid_from) AS since
FROM found AS f
JOIN std.customers AS v ON v.record_key = f.record_key AND v.organisation_key = f.organisation_key
WHERE f.customer_id <> f.related_customer_id
GROUP BY f.customer_id, f.related_customer_id, f.kind, f.source
