-- Tickets by the month in which they were opened and their category: how satisfied customers were, how fast it went.
WITH
  shares AS (
    SELECT
      t.source,
      t.extract,
      COUNT(*) AS rated_count,
      COUNT(CASE WHEN t.satisfaction <= 5 THEN 1 END) AS up_to_5_count,
      COUNT(CASE WHEN t.satisfaction <= 10 THEN 1 END) AS up_to_10_count
    FROM gold.tickets AS t
    WHERE t.satisfaction IS NOT NULL
    GROUP BY t.source, t.extract
  ),
  -- The scale of an extract: the shortest that holds 95 % of its scores; a single slip of the pen does not stretch it.
  scales AS (
    SELECT
      s.source,
      s.extract,
      CASE
        WHEN s.up_to_5_count * 100 >= s.rated_count * 95 THEN 5
        WHEN s.up_to_10_count * 100 >= s.rated_count * 95 THEN 10
        ELSE 100
      END AS scale
    FROM shares AS s
  ),
  categories AS (
    SELECT DISTINCT t.category
    FROM gold.tickets AS t
    WHERE t.category IS NOT NULL
  ),
  kinds AS (
    SELECT
      c.category,
      MAX(CASE WHEN w.kind = 'complaint' THEN 1 ELSE 0 END) AS is_complaint,
      MAX(CASE WHEN w.kind = 'suggestion' THEN 1 ELSE 0 END) AS is_suggestion
    FROM categories AS c
    JOIN link.outcome_words AS w ON LOWER(c.category) LIKE '%' || w.word || '%'
    GROUP BY c.category
  ),
  judged AS (
    SELECT
      CAST(DATE_TRUNC('month', d.opened_on) AS DATE) AS opened_month,
      t.category,
      t.customer_id,
      t.closed_at,
      CASE WHEN t.closed_at >= t.opened_at THEN DATE_DIFF('minute', t.opened_at, t.closed_at) END AS open_minutes,
      CASE WHEN t.satisfaction BETWEEN 0 AND s.scale THEN CAST(t.satisfaction AS DOUBLE) / s.scale END AS score,
      t.satisfaction,
      COALESCE(k.is_complaint, 0) AS is_complaint,
      COALESCE(k.is_suggestion, 0) AS is_suggestion
    FROM gold.tickets AS t
    LEFT JOIN std.tickets AS d
      ON d.source = t.source AND d.extract = t.extract AND d.source_id = t.source_id AND d.valid_to IS NULL
    LEFT JOIN scales AS s ON s.source = t.source AND s.extract = t.extract
    LEFT JOIN kinds AS k ON k.category = t.category
  )
SELECT
  j.opened_month,
  j.category,
  COUNT(*) AS ticket_count,
  COUNT(DISTINCT j.customer_id) AS customer_count,
  COUNT(j.closed_at) AS closed_count,
  SUM(j.open_minutes) / 60.0 / NULLIF(COUNT(j.open_minutes), 0) AS hours_to_close,
  COUNT(j.score) AS rated_count,
  COUNT(CASE WHEN j.score >= 0.8 THEN 1 END) AS satisfied_count,
  CAST(COUNT(CASE WHEN j.score >= 0.8 THEN 1 END) AS DOUBLE) / NULLIF(COUNT(j.score), 0) AS csat,
  COUNT(j.satisfaction) - COUNT(j.score) AS off_scale_count,
  CAST(SUM(j.is_complaint) AS BIGINT) AS complaint_count,
  CAST(SUM(j.is_suggestion) AS BIGINT) AS suggestion_count
FROM judged AS j
GROUP BY j.opened_month, j.category
