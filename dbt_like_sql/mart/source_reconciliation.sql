-- Every row of every extract, from delivery to publication: what is not accounted for must be nothing.
WITH
  delivered AS (
    SELECT
      l.source,
      l.extract,
      COUNT(*) AS delivery_count,
      MAX(l.business_date) AS latest_business_date,
      SUM(l.delivered_count) AS delivered_count,
      SUM(l.loaded_count) AS loaded_count,
      SUM(l.unchanged_count) AS unchanged_count,
      SUM(l.quarantined_count) AS quarantined_count,
      SUM(l.duplicate_count) AS duplicate_count,
      SUM(l.erased_count) AS erased_count
    FROM ops.loads AS l
    GROUP BY l.source, l.extract
  ),
  records AS (
    SELECT c.source, c.extract, 1 AS living, 0 AS published FROM std.customers AS c WHERE c.valid_to IS NULL
    UNION ALL
    SELECT o.source, o.extract, 1 AS living, 0 AS published FROM std.orders AS o WHERE o.valid_to IS NULL
    UNION ALL
    SELECT p.source, p.extract, 1 AS living, 0 AS published FROM std.products AS p WHERE p.valid_to IS NULL
    UNION ALL
    SELECT t.source, t.extract, 1 AS living, 0 AS published FROM std.tickets AS t WHERE t.valid_to IS NULL
    UNION ALL
    SELECT g.source, g.extract, 1 AS living, 0 AS published FROM std.campaigns AS g WHERE g.valid_to IS NULL
    UNION ALL
    SELECT i.source, i.extract, 1 AS living, 0 AS published FROM std.interactions AS i WHERE i.valid_to IS NULL
    UNION ALL
    SELECT u.source, u.extract, 1 AS living, 0 AS published FROM std.opportunities AS u WHERE u.valid_to IS NULL
    UNION ALL
    SELECT y.source, y.extract, 1 AS living, 0 AS published FROM std.payments AS y WHERE y.valid_to IS NULL
    UNION ALL
    SELECT r.source, r.extract, 0 AS living, 1 AS published FROM gold.customer_records AS r WHERE r.deleted_on IS NULL
    UNION ALL
    SELECT o.source, o.extract, 0 AS living, 1 AS published FROM gold.orders AS o
    UNION ALL
    SELECT p.source, p.extract, 0 AS living, 1 AS published FROM gold.products AS p
    UNION ALL
    SELECT t.source, t.extract, 0 AS living, 1 AS published FROM gold.tickets AS t
    UNION ALL
    SELECT g.source, g.extract, 0 AS living, 1 AS published FROM gold.campaigns AS g
    UNION ALL
    SELECT i.source, i.extract, 0 AS living, 1 AS published FROM gold.interactions AS i
    UNION ALL
    SELECT u.source, u.extract, 0 AS living, 1 AS published FROM gold.opportunities AS u
    UNION ALL
    SELECT y.source, y.extract, 0 AS living, 1 AS published FROM gold.payments AS y
  ),
  counted AS (
    SELECT r.source, r.extract, SUM(r.living) AS living_count, SUM(r.published) AS published_count
    FROM records AS r
    GROUP BY r.source, r.extract
  )
SELECT
  COALESCE(d.source, c.source) AS source,
  COALESCE(d.extract, c.extract) AS extract,
  d.latest_business_date,
  CAST(COALESCE(d.delivery_count, 0) AS BIGINT) AS delivery_count,
  CAST(COALESCE(d.delivered_count, 0) AS BIGINT) AS delivered_count,
  CAST(COALESCE(d.loaded_count, 0) AS BIGINT) AS loaded_count,
  CAST(COALESCE(d.unchanged_count, 0) AS BIGINT) AS unchanged_count,
  CAST(COALESCE(d.quarantined_count, 0) AS BIGINT) AS quarantined_count,
  CAST(COALESCE(d.duplicate_count, 0) AS BIGINT) AS duplicate_count,
  CAST(COALESCE(d.erased_count, 0) AS BIGINT) AS erased_count,
  CAST(
    COALESCE(
      d.delivered_count - d.loaded_count - d.unchanged_count - d.quarantined_count - d.duplicate_count - d.erased_count,
      0
    ) AS BIGINT
  ) AS unaccounted_count,
  CAST(COALESCE(c.living_count, 0) AS BIGINT) AS living_record_count,
  CAST(COALESCE(c.published_count, 0) AS BIGINT) AS published_record_count
FROM delivered AS d
FULL JOIN counted AS c ON c.source = d.source AND c.extract = d.extract
