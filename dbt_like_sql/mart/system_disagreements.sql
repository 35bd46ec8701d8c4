-- For every column and two systems: customers for whom both have a value, those for whom no value is in both, and whose
-- records are the newer ones. A system says of a customer what any of its living records says.
WITH
  sources AS (
    SELECT r.customer_id
    FROM gold.customer_records AS r
    WHERE r.deleted_on IS NULL
    GROUP BY r.customer_id
    HAVING COUNT(DISTINCT r.source) > 1
  ),
  records AS (
    SELECT
      m.customer_id,
      c.source,
      c.updated_at,
      c.kind,
      c.name,
      c.organisation,
      c.national_id,
      c.organisation_id,
      c.tax_id,
      c.gender,
      c.country,
      c.province,
      c.city,
      c.district,
      c.street,
      c.postcode,
      c.address,
      c.industry,
      c.website,
      c.status,
      c.owner,
      c.consent,
      c.birth_date,
      c.phones,
      c.emails
    FROM std.customers AS c
    JOIN link.members AS m ON m.record_key = c.record_key
    JOIN sources AS s ON s.customer_id = m.customer_id
    WHERE c.valid_to IS NULL
  ),
  told AS (
    SELECT r.customer_id, r.source, 'kind' AS column_name, r.kind AS value, r.updated_at
    FROM records AS r
    UNION ALL
    SELECT r.customer_id, r.source, 'name' AS column_name, r.name AS value, r.updated_at
    FROM records AS r
    UNION ALL
    SELECT r.customer_id, r.source, 'organisation' AS column_name, r.organisation AS value, r.updated_at
    FROM records AS r
    UNION ALL
    SELECT r.customer_id, r.source, 'national_id' AS column_name, r.national_id AS value, r.updated_at
    FROM records AS r
    UNION ALL
    SELECT r.customer_id, r.source, 'organisation_id' AS column_name, r.organisation_id AS value, r.updated_at
    FROM records AS r
    UNION ALL
    SELECT r.customer_id, r.source, 'tax_id' AS column_name, r.tax_id AS value, r.updated_at
    FROM records AS r
    UNION ALL
    SELECT r.customer_id, r.source, 'gender' AS column_name, r.gender AS value, r.updated_at
    FROM records AS r
    UNION ALL
    SELECT r.customer_id, r.source, 'country' AS column_name, r.country AS value, r.updated_at
    FROM records AS r
    UNION ALL
    SELECT r.customer_id, r.source, 'province' AS column_name, r.province AS value, r.updated_at
    FROM records AS r
    UNION ALL
    SELECT r.customer_id, r.source, 'city' AS column_name, r.city AS value, r.updated_at
    FROM records AS r
    UNION ALL
    SELECT r.customer_id, r.source, 'district' AS column_name, r.district AS value, r.updated_at
    FROM records AS r
    UNION ALL
    SELECT r.customer_id, r.source, 'street' AS column_name, r.street AS value, r.updated_at
    FROM records AS r
    UNION ALL
    SELECT r.customer_id, r.source, 'postcode' AS column_name, r.postcode AS value, r.updated_at
    FROM records AS r
    UNION ALL
    SELECT r.customer_id, r.source, 'address' AS column_name, r.address AS value, r.updated_at
    FROM records AS r
    UNION ALL
    SELECT r.customer_id, r.source, 'industry' AS column_name, r.industry AS value, r.updated_at
    FROM records AS r
    UNION ALL
    SELECT r.customer_id, r.source, 'website' AS column_name, r.website AS value, r.updated_at
    FROM records AS r
    UNION ALL
    SELECT r.customer_id, r.source, 'status' AS column_name, r.status AS value, r.updated_at
    FROM records AS r
    UNION ALL
    SELECT r.customer_id, r.source, 'owner' AS column_name, r.owner AS value, r.updated_at
    FROM records AS r
    UNION ALL
    SELECT r.customer_id, r.source, 'consent' AS column_name, r.consent AS value, r.updated_at
    FROM records AS r
    UNION ALL
    SELECT r.customer_id, r.source, 'birth_date' AS column_name, CAST(r.birth_date AS VARCHAR) AS value, r.updated_at
    FROM records AS r
    UNION ALL
    SELECT r.customer_id, r.source, 'phones' AS column_name, UNNEST(r.phones) AS value, r.updated_at
    FROM records AS r
    UNION ALL
    SELECT r.customer_id, r.source, 'emails' AS column_name, UNNEST(r.emails) AS value, r.updated_at
    FROM records AS r
  ),
  held AS (
    SELECT t.customer_id, t.source, t.column_name, t.value, MAX(t.updated_at) AS updated_at
    FROM told AS t
    WHERE t.value IS NOT NULL
    GROUP BY t.customer_id, t.source, t.column_name, t.value
  ),
  sides AS (
    SELECT h.customer_id, h.source, h.column_name, MAX(h.updated_at) AS updated_at
    FROM held AS h
    GROUP BY h.customer_id, h.source, h.column_name
  ),
  agreeing AS (
    SELECT DISTINCT a.customer_id, a.column_name, a.source AS first_source, b.source AS second_source
    FROM held AS a
    JOIN held AS b
      ON b.customer_id = a.customer_id AND b.column_name = a.column_name AND b.value = a.value AND b.source > a.source
  ),
  compared AS (
    SELECT
      a.column_name,
      a.source AS first_source,
      b.source AS second_source,
      a.updated_at AS first_updated_at,
      b.updated_at AS second_updated_at,
      g.customer_id IS NULL AS is_disagreement
    FROM sides AS a
    JOIN sides AS b ON b.customer_id = a.customer_id AND b.column_name = a.column_name AND b.source > a.source
    LEFT JOIN agreeing AS g
      ON g.customer_id = a.customer_id
      AND g.column_name = a.column_name
      AND g.first_source = a.source
      AND g.second_source = b.source
  )
SELECT
  c.column_name,
  c.first_source,
  c.second_source,
  COUNT(*) AS compared_customer_count,
  COUNT(CASE WHEN c.is_disagreement THEN 1 END) AS disagreeing_customer_count,
  COUNT(CASE WHEN c.is_disagreement AND c.first_updated_at > c.second_updated_at THEN 1 END) AS first_newer_count,
  COUNT(CASE WHEN c.is_disagreement AND c.second_updated_at > c.first_updated_at THEN 1 END) AS second_newer_count,
  COUNT(
    CASE
      WHEN
        c.is_disagreement
        AND (c.first_updated_at IS NULL OR c.second_updated_at IS NULL OR c.first_updated_at = c.second_updated_at)
        THEN 1
    END
  ) AS neither_newer_count
FROM compared AS c
GROUP BY c.column_name, c.first_source, c.second_source
