-- model: quarantine
-- Every recorded reason is in exactly one quarantined row, and the five lists of a row are equally long.
-- Prevents: a steward who corrects one cell of a row, replays it, and meets the reason that was never shown.
-- zh: 每条已记录的原因恰好出现在一个隔离行中，且各行的五个列表长度一致。防止：修正了一个单元格并重放后，才遇到从未显示的另一个原因。
WITH
  recorded AS (
    SELECT r.source, r.extract, r.business_date, r.sequence, r.line, COUNT(*) AS reason_count
    FROM ops.rejections AS r
    GROUP BY r.source, r.extract, r.business_date, r.sequence, r.line
  )
SELECT
  COALESCE(r.source, q.source) AS source,
  COALESCE(r.extract, q.extract) AS extract,
  COALESCE(r.business_date, q.business_date) AS business_date,
  COALESCE(r.sequence, q.sequence) AS sequence,
  COALESCE(r.line, q.line) AS line
FROM recorded AS r
FULL JOIN ops.quarantine AS q
  ON q.source = r.source
  AND q.extract = r.extract
  AND q.business_date = r.business_date
  AND q.sequence = r.sequence
  AND q.line = r.line
WHERE r.reason_count IS DISTINCT FROM ARRAY_LENGTH(q.reasons)
  OR r.reason_count IS DISTINCT FROM ARRAY_LENGTH(q.severities)
  OR r.reason_count IS DISTINCT FROM ARRAY_LENGTH(q.columns)
  OR r.reason_count IS DISTINCT FROM ARRAY_LENGTH(q.delivered_values)
  OR r.reason_count IS DISTINCT FROM ARRAY_LENGTH(q.advice)
