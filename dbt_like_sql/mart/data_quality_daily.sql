-- How good the deliveries of each business date were, extract by extract and column by column, so that a trend shows and
-- teams can be compared. Counts may be added up over extracts, owners and days; shares are then computed again.
WITH
  days AS (
    SELECT
      l.business_date,
      l.source,
      l.extract,
      MAX(l.entity) AS entity,
      COUNT(*) AS delivery_count,
      CAST(SUM(l.delivered_count) AS BIGINT) AS delivered_count,
      CAST(SUM(l.loaded_count) AS BIGINT) AS loaded_count,
      CAST(SUM(l.quarantined_count) AS BIGINT) AS quarantined_count,
      CAST(SUM(l.duplicate_count) AS BIGINT) AS duplicate_count,
      CAST(SUM(l.nulled_count) AS BIGINT) AS nulled_count,
      CAST(SUM(l.flagged_count) AS BIGINT) AS flagged_count
    FROM ops.loads AS l
    GROUP BY l.business_date, l.source, l.extract
  ),
  waits AS (
    SELECT
      d.business_date,
      d.source,
      d.extract,
      DATE_DIFF('day', LAG(d.business_date) OVER (PARTITION BY d.source, d.extract ORDER BY d.business_date), d.business_date)
        AS wait_days
    FROM days AS d
  ),
  -- In time is what comes after no more than the usual wait: the median of up to 30 waits before.
  expected AS (
    SELECT
      w.business_date,
      w.source,
      w.extract,
      w.wait_days,
      MEDIAN(w.wait_days) OVER (
        PARTITION BY w.source, w.extract ORDER BY w.business_date ROWS BETWEEN 30 PRECEDING AND 1 PRECEDING
      ) AS usual_days
    FROM waits AS w
  ),
  profiled AS (
    SELECT
      p.business_date,
      p.source,
      p.extract,
      p.column_name,
      CAST(SUM(p.record_count) AS BIGINT) AS record_count,
      CAST(SUM(p.filled_count) AS BIGINT) AS filled_count,
      CAST(SUM(p.invalid_count) AS BIGINT) AS invalid_count,
      CAST(SUM(p.doubtful_count) AS BIGINT) AS doubtful_count,
      CAST(SUM(p.inconsistent_count) AS BIGINT) AS inconsistent_count,
      CAST(SUM(p.distinct_count) AS BIGINT) AS distinct_count,
      CAST(SUM(p.looked_at_count) AS BIGINT) AS looked_at_count
    FROM ops.profiles AS p
    GROUP BY p.business_date, p.source, p.extract, p.column_name
  ),
  -- Columns that some rule of consistency looks at; of others, consistency says nothing.
  ruled AS (
    SELECT DISTINCT r.table_name, r.column_name
    FROM ops.rules AS r
    WHERE r.dimension = 'consistency' AND r.table_name LIKE 'std.%'
  ),
  ruled_tables AS (
    SELECT DISTINCT r.table_name
    FROM ruled AS r
  ),
  cells AS (
    SELECT
      p.business_date,
      p.source,
      p.extract,
      CAST(SUM(p.record_count) AS BIGINT) AS cell_count,
      CAST(SUM(p.filled_count) AS BIGINT) AS filled_count
    FROM profiled AS p
    WHERE p.column_name <> '*'
    GROUP BY p.business_date, p.source, p.extract
  ),
  counted AS (
    -- The extract as a whole: records without a fault.
    SELECT
      d.business_date,
      d.source,
      d.extract,
      CAST(NULL AS VARCHAR) AS column_name,
      d.entity,
      d.delivery_count,
      d.delivered_count,
      d.loaded_count,
      d.quarantined_count,
      d.duplicate_count,
      d.nulled_count,
      d.flagged_count,
      p.record_count,
      c.cell_count,
      c.filled_count AS filled_cell_count,
      p.record_count + d.quarantined_count AS checked_count,
      p.record_count - p.invalid_count - p.doubtful_count AS valid_count,
      CASE WHEN t.table_name IS NOT NULL THEN p.record_count END AS compared_count,
      CASE WHEN t.table_name IS NOT NULL THEN p.record_count - p.inconsistent_count END AS consistent_count,
      d.delivered_count AS keyed_count,
      d.delivered_count - d.duplicate_count AS unique_count,
      e.wait_days,
      e.usual_days
    FROM days AS d
    LEFT JOIN expected AS e ON e.business_date = d.business_date AND e.source = d.source AND e.extract = d.extract
    LEFT JOIN profiled AS p
      ON p.business_date = d.business_date AND p.source = d.source AND p.extract = d.extract AND p.column_name = '*'
    LEFT JOIN cells AS c ON c.business_date = d.business_date AND c.source = d.source AND c.extract = d.extract
    LEFT JOIN ruled_tables AS t ON t.table_name = 'std.' || d.entity
    UNION ALL
    -- A column: cells without a fault. Identifiers of one thing each are to be different.
    SELECT
      p.business_date,
      p.source,
      p.extract,
      p.column_name,
      d.entity,
      NULL AS delivery_count,
      NULL AS delivered_count,
      NULL AS loaded_count,
      NULL AS quarantined_count,
      NULL AS duplicate_count,
      NULL AS nulled_count,
      NULL AS flagged_count,
      p.record_count,
      p.record_count AS cell_count,
      p.filled_count AS filled_cell_count,
      p.filled_count + p.invalid_count AS checked_count,
      p.filled_count - p.doubtful_count AS valid_count,
      CASE WHEN r.column_name IS NOT NULL THEN p.record_count END AS compared_count,
      CASE WHEN r.column_name IS NOT NULL THEN p.record_count - p.inconsistent_count END AS consistent_count,
      CASE WHEN i.column_name IS NOT NULL THEN p.looked_at_count END AS keyed_count,
      CASE WHEN i.column_name IS NOT NULL THEN p.distinct_count END AS unique_count,
      NULL AS wait_days,
      NULL AS usual_days
    FROM profiled AS p
    JOIN days AS d ON d.business_date = p.business_date AND d.source = p.source AND d.extract = p.extract
    LEFT JOIN ruled AS r ON r.table_name = 'std.' || d.entity AND r.column_name = p.column_name
    LEFT JOIN (
      VALUES ('national_id'), ('organisation_id'), ('ticket_number'), ('opportunity_number'), ('payment_number')
    ) AS i(column_name) ON i.column_name = p.column_name
    WHERE p.column_name <> '*'
  ),
  shares AS (
    SELECT
      c.business_date,
      c.source,
      c.extract,
      c.column_name,
      c.entity,
      x.owner,
      c.delivery_count,
      c.delivered_count,
      c.loaded_count,
      c.quarantined_count,
      c.duplicate_count,
      c.nulled_count,
      c.flagged_count,
      CAST(c.quarantined_count AS DOUBLE) / NULLIF(c.delivered_count, 0) AS quarantined_share,
      c.record_count,
      c.cell_count,
      c.filled_cell_count,
      c.checked_count,
      c.valid_count,
      c.compared_count,
      c.consistent_count,
      c.keyed_count,
      c.unique_count,
      CAST(c.filled_cell_count AS DOUBLE) / NULLIF(c.cell_count, 0) AS completeness,
      CAST(c.valid_count AS DOUBLE) / NULLIF(c.checked_count, 0) AS validity,
      CAST(c.unique_count AS DOUBLE) / NULLIF(c.keyed_count, 0) AS uniqueness,
      CAST(c.consistent_count AS DOUBLE) / NULLIF(c.compared_count, 0) AS consistency,
      CASE
        WHEN c.delivery_count IS NULL THEN NULL
        WHEN c.usual_days IS NULL OR c.wait_days <= c.usual_days THEN CAST(1 AS DOUBLE)
        ELSE CAST(c.usual_days AS DOUBLE) / c.wait_days
      END AS timeliness
    FROM counted AS c
    LEFT JOIN ops.extracts AS x ON x.source = c.source AND x.extract = c.extract
  )
SELECT
  s.business_date,
  s.source,
  s.extract,
  s.column_name,
  s.entity,
  s.owner,
  s.delivery_count,
  s.delivered_count,
  s.loaded_count,
  s.quarantined_count,
  s.duplicate_count,
  s.nulled_count,
  s.flagged_count,
  s.quarantined_share,
  s.record_count,
  s.cell_count,
  s.filled_cell_count,
  s.checked_count,
  s.valid_count,
  s.compared_count,
  s.consistent_count,
  s.keyed_count,
  s.unique_count,
  s.completeness,
  s.validity,
  s.uniqueness,
  s.consistency,
  s.timeliness,
  (
    COALESCE(s.completeness, 0) + COALESCE(s.validity, 0) + COALESCE(s.uniqueness, 0) + COALESCE(s.consistency, 0)
      + COALESCE(s.timeliness, 0)
  ) / NULLIF(
    CASE WHEN s.completeness IS NULL THEN 0 ELSE 1 END + CASE WHEN s.validity IS NULL THEN 0 ELSE 1 END
      + CASE WHEN s.uniqueness IS NULL THEN 0 ELSE 1 END + CASE WHEN s.consistency IS NULL THEN 0 ELSE 1 END
      + CASE WHEN s.timeliness IS NULL THEN 0 ELSE 1 END,
    0
  ) AS score
FROM shares AS s
