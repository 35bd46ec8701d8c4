-- model: support_satisfaction
-- Each ticket is counted once, each score is on the scale or off it, and no share is beyond its whole.
-- Prevents: a satisfaction that looks better because a category's name was cleaned away and its tickets with it.
-- zh: 每张工单只计一次，每个评分要么在量表内要么在量表外。防止：某类别被清洗掉，其工单也随之消失，满意度虚高。
WITH
  known AS (
    SELECT COUNT(*) AS ticket_count, COUNT(t.satisfaction) AS score_count
    FROM gold.tickets AS t
  ),
  reported AS (
    SELECT
      COALESCE(SUM(s.ticket_count), 0) AS ticket_count,
      COALESCE(SUM(s.rated_count + s.off_scale_count), 0) AS score_count
    FROM mart.support_satisfaction AS s
  )
SELECT NULL AS category, reported.ticket_count
FROM known
CROSS JOIN reported
WHERE known.ticket_count <> reported.ticket_count OR known.score_count <> reported.score_count
UNION ALL
SELECT s.category, s.ticket_count
FROM mart.support_satisfaction AS s
WHERE s.satisfied_count > s.rated_count OR s.complaint_count > s.ticket_count OR s.suggestion_count > s.ticket_count
