-- Two people who live together: the same address with its house number and, where it is given, its flat, and a surname
-- or a telephone number or e-mail address in common. The address alone proves nothing: whoever moved away is still there
-- in some system, beside the next tenant. No home is an address of more than 10 customers (a dormitory, a home, a block
-- without its flats) or of an organisation (an office). Two of one name are no household: they may be one person twice.
-- Where most people live in numbered flats, a surname in common counts only at an address that names the flat: a
-- compound has many called 王.
WITH
  residents AS (
    SELECT
      c.record_key,
      c.source,
      m.customer_id,
      c.address_key,
      c.name_key,
      -- Surnames are compared in pinyin, because one system writes 王 and another Wang.
      NULLIF(CASE WHEN REGEXP_MATCHES(c.native_name, '\p{Han}') AND c.latin_name IS NOT NULL
        THEN LOWER(SPLIT_PART(c.latin_name, ' ', 1))
        ELSE TRIM(STRIP_ACCENTS(LOWER(c.family_name))) END, '') AS family_name,
      c.unit IS NOT NULL OR SPLIT_PART(c.address_key, '|', 1) NOT IN ('CN', 'HK', 'MO', 'SG', 'TW', '') AS is_one_home
    FROM std.customers AS c
    JOIN link.members AS m ON m.record_key = c.record_key
    WHERE c.valid_to IS NULL
      AND c.address_key IS NOT NULL
      AND c.street_number IS NOT NULL
      AND (c.kind = 'person' OR (c.kind IS NULL AND c.family_name IS NOT NULL))
  ),
  homes AS (
    SELECT r.address_key
    FROM residents AS r
    WHERE r.address_key NOT IN (
      SELECT o.address_key FROM std.customers AS o
      WHERE o.valid_to IS NULL AND o.kind = 'organisation' AND o.address_key IS NOT NULL
    )
    GROUP BY r.address_key
    HAVING COUNT(DISTINCT r.customer_id) BETWEEN 2 AND 10
  ),
  at_home AS (
    SELECT r.customer_id, r.address_key, r.source, r.name_key, r.family_name, r.is_one_home, MIN(v.valid_from) AS since
    FROM residents AS r
    JOIN homes AS h ON h.address_key = r.address_key
    JOIN std.customers AS v ON v.record_key = r.record_key AND v.address_key = r.address_key
    GROUP BY r.customer_id, r.address_key, r.source, r.name_key, r.family_name, r.is_one_home
  ),
  -- At most 10 customers at each home, so at most 90 pairs.
  together AS (
    SELECT l.customer_id, r.customer_id AS related_customer_id, l.source,
      GREATEST(MIN(l.since), MIN(r.since)) AS since,
      BOOL_OR(l.family_name = r.family_name AND l.is_one_home AND r.is_one_home) AS is_of_one_family,
      BOOL_OR(l.name_key = r.name_key) AS is_of_one_name
    FROM at_home AS l
    JOIN at_home AS r ON r.address_key = l.address_key AND r.customer_id <> l.customer_id
    GROUP BY l.customer_id, r.customer_id, l.source, l.address_key
  ),
  contacts AS (
    SELECT DISTINCT c.customer_id, UNNEST(c.contacts) AS contact
    FROM (
      SELECT m.customer_id, LIST_CONCAT(COALESCE(s.phones, []), COALESCE(s.emails, [])) AS contacts
      FROM std.customers AS s
      JOIN link.members AS m ON m.record_key = s.record_key
      WHERE s.valid_to IS NULL AND m.customer_id IN (SELECT a.customer_id FROM at_home AS a)
    ) AS c
  ),
  in_touch AS (
    SELECT DISTINCT t.customer_id, t.related_customer_id
    FROM together AS t
    JOIN contacts AS l ON l.customer_id = t.customer_id
    JOIN contacts AS r ON r.customer_id = t.related_customer_id AND r.contact = l.contact
  ),
  -- What one of a customer's records shows, holds for the customer, so that both directions agree.
  households AS (
    SELECT t.customer_id, t.related_customer_id
    FROM together AS t
    LEFT JOIN in_touch AS i ON i.customer_id = t.customer_id AND i.related_customer_id = t.related_customer_id
    GROUP BY t.customer_id, t.related_customer_id
    HAVING (BOOL_OR(t.is_of_one_family) OR COUNT(i.customer_id) > 0) AND NOT COALESCE(BOOL_OR(t.is_of_one_name), FALSE)
  )
SELECT t.customer_id, t.related_customer_id, t.source, MIN(t.since) AS since
FROM together AS t
JOIN households AS h ON h.customer_id = t.customer_id AND h.related_customer_id = t.related_customer_id
GROUP BY t.customer_id, t.related_customer_id, t.source
