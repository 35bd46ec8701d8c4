-- How good the deliveries of each business date were, so that a trend shows.
SELECT
  l.business_date,
  l.source,
  l.extract,
  COUNT(*) AS delivery_count,
  CAST(SUM(l.delivered_count) AS BIGINT) AS delivered_count,
  CAST(SUM(l.loaded_count) AS BIGINT) AS loaded_count,
  CAST(SUM(l.quarantined_count) AS BIGINT) AS quarantined_count,
  CAST(SUM(l.duplicate_count) AS BIGINT) AS duplicate_count,
  CAST(SUM(l.nulled_count) AS BIGINT) AS nulled_count,
  CAST(SUM(l.flagged_count) AS BIGINT) AS flagged_count,
  CAST(SUM(l.quarantined_count) AS DOUBLE) / NULLIF(SUM(l.delivered_count), 0) AS quarantined_share
FROM ops.loads AS l
GROUP BY l.business_date, l.source, l.extract
