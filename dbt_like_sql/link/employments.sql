-- Whom a person works for, by two kinds of evidence. A record names another one: the contact of a row, or a reference
-- to it. Or its employer's name is the name of one customer that is an organisation, and of no other: the same key (core
-- and trade, aliases resolved), the same branch, and no other place in the name. A name that two customers could bear
-- proves nothing, and neither does one that more than 20 bear, whatever their places. An e-mail domain is no evidence:
-- suppliers, agencies and former employees write from it too.
WITH
  records AS (
    SELECT
      c.record_key,
      c.source,
      c.related_record_key,
      m.customer_id,
      c.kind,
      c.organisation_key,
      COALESCE(c.organisation_branch, '') AS branch,
      -- 上海 holds 浦东新区: a code without its trailing zeros begins all codes below it. The whole country is no place.
      COALESCE(REGEXP_REPLACE(c.organisation_region_code, '(00)+$', ''), NULLIF(c.organisation_region, '中国'), '')
        AS region
    FROM std.customers AS c
    JOIN link.members AS m ON m.record_key = c.record_key
    WHERE c.valid_to IS NULL
  ),
  referring AS (
    SELECT r.record_key, r.customer_id, o.customer_id AS related_customer_id,
      CASE WHEN o.kind = 'person' THEN 'contact_of' ELSE 'works_for' END AS kind, r.source, MIN(v.valid_from) AS since
    FROM records AS r
    JOIN records AS o ON o.record_key = r.related_record_key
    JOIN std.customers AS v ON v.record_key = r.record_key AND v.related_record_key = r.related_record_key
    GROUP BY r.record_key, r.customer_id, o.customer_id, o.kind, r.source
  ),
  organisations AS (
    SELECT DISTINCT r.organisation_key, r.branch, r.region, r.customer_id
    FROM records AS r
    WHERE r.kind = 'organisation' AND r.organisation_key <> ''
  ),
  telling AS (
    SELECT o.organisation_key
    FROM organisations AS o
    GROUP BY o.organisation_key
    HAVING COUNT(DISTINCT o.customer_id) <= 20
  ),
  naming AS (
    SELECT r.record_key, r.customer_id, r.source, r.organisation_key, MIN(o.customer_id) AS related_customer_id
    FROM records AS r
    JOIN telling AS t ON t.organisation_key = r.organisation_key
    JOIN organisations AS o
      ON o.organisation_key = r.organisation_key
      AND o.branch = r.branch
      AND (STARTS_WITH(o.region, r.region) OR STARTS_WITH(r.region, o.region))
    WHERE r.kind IS DISTINCT FROM 'organisation'
    GROUP BY r.record_key, r.customer_id, r.source, r.organisation_key
    HAVING COUNT(DISTINCT o.customer_id) = 1
  ),
  found AS (
    SELECT r.customer_id, r.related_customer_id, r.kind, r.source, 1 AS evidence, r.since
    FROM referring AS r
    UNION ALL
    SELECT n.customer_id, n.related_customer_id, 'works_for' AS kind, n.source, 2 AS evidence, MIN(v.valid_from) AS since
    FROM naming AS n
    JOIN std.customers AS v ON v.record_key = n.record_key AND v.organisation_key = n.organisation_key
    GROUP BY n.record_key, n.customer_id, n.related_customer_id, n.source
  )
SELECT
  f.customer_id,
  f.related_customer_id,
  f.kind,
  f.source,
  CASE MIN(f.evidence) WHEN 1 THEN 'reference' ELSE 'name' END AS known_by,
  MIN(f.since) AS since
FROM found AS f
WHERE f.customer_id <> f.related_customer_id
GROUP BY f.customer_id, f.related_customer_id, f.kind, f.source
