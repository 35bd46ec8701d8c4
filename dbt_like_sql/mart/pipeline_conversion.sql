-- Sales opportunities by the month in which they were opened, owner, stage and currency: how many were won, and how fast.
WITH
  reporting AS (
    SELECT MIN(r.reporting_currency) AS currency
    FROM ops.exchange_rates AS r
  ),
  written AS (
    SELECT
      o.source,
      o.extract,
      o.source_id,
      s.opened_on,
      o.opened_at,
      o.closed_at,
      o.owner,
      o.stage,
      o.amount,
      o.currency,
      LOWER(TRIM(o.status)) AS status_word,
      LOWER(TRIM(o.stage)) AS stage_word
    FROM gold.opportunities AS o
    LEFT JOIN std.opportunities AS s
      ON s.source = o.source AND s.extract = o.extract AND s.source_id = o.source_id AND s.valid_to IS NULL
  ),
  words AS (
    SELECT w.word, w.kind
    FROM link.outcome_words AS w
    WHERE w.kind IN ('won', 'lost')
  ),
  judged AS (
    SELECT
      CAST(DATE_TRUNC('month', o.opened_on) AS DATE) AS opened_month,
      o.owner,
      o.stage,
      COALESCE(p.currency, o.currency) AS currency,
      COALESCE(a.kind, b.kind, 'open') AS outcome,
      CASE WHEN o.closed_at >= o.opened_at THEN DATE_DIFF('day', o.opened_at, o.closed_at) END AS cycle_days,
      CASE
        WHEN p.currency IS NULL OR o.currency = p.currency THEN CAST(o.amount AS DECIMAL(24, 4))
        ELSE CAST(CAST(o.amount AS DECIMAL(20, 4)) * x.rate AS DECIMAL(24, 4))
      END AS amount,
      o.amount AS own_amount
    FROM written AS o
    CROSS JOIN reporting AS p
    LEFT JOIN words AS a ON a.word = o.status_word
    LEFT JOIN words AS b ON b.word = o.stage_word
    LEFT JOIN ops.exchange_rates AS x
      ON x.currency = o.currency AND o.opened_on >= x.valid_from AND (x.valid_to IS NULL OR o.opened_on < x.valid_to)
  )
SELECT
  j.opened_month,
  j.owner,
  j.stage,
  j.currency,
  COUNT(*) AS opportunity_count,
  COUNT(CASE WHEN j.outcome = 'open' THEN 1 END) AS open_count,
  COUNT(CASE WHEN j.outcome = 'won' THEN 1 END) AS won_count,
  COUNT(CASE WHEN j.outcome = 'lost' THEN 1 END) AS lost_count,
  CAST(COUNT(CASE WHEN j.outcome = 'won' THEN 1 END) AS DOUBLE)
    / NULLIF(COUNT(CASE WHEN j.outcome <> 'open' THEN 1 END), 0) AS win_rate,
  COUNT(CASE WHEN j.outcome = 'won' THEN j.cycle_days END) AS timed_won_count,
  CAST(SUM(CASE WHEN j.outcome = 'won' THEN j.cycle_days END) AS DOUBLE)
    / NULLIF(COUNT(CASE WHEN j.outcome = 'won' THEN j.cycle_days END), 0) AS cycle_days,
  COALESCE(SUM(CASE WHEN j.outcome = 'won' THEN j.amount END), 0) AS won_amount,
  COALESCE(SUM(CASE WHEN j.outcome = 'open' THEN j.amount END), 0) AS open_amount,
  COUNT(*) - COUNT(j.own_amount) AS unpriced_count,
  COUNT(j.own_amount) - COUNT(j.amount) AS unrated_count
FROM judged AS j
GROUP BY j.opened_month, j.owner, j.stage, j.currency
