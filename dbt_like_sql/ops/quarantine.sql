-- One row per rejected row of a delivery. A list of structures is sorted and taken apart, because an ordered aggregate
-- exists in few engines and one that skips nulls would shift the cells against their reasons.
WITH
  rejected_rows AS (
    SELECT
      r.source,
      r.extract,
      r.business_date,
      r.sequence,
      r.line,
      MAX(r.file_name) AS file_name,
      MAX(r.file_line) AS file_line,
      MAX(r.source_id) AS source_id,
      MIN(CASE r.severity WHEN 'row' THEN 1 WHEN 'duplicate' THEN 2 WHEN 'value' THEN 3 ELSE 4 END) AS gravity,
      LIST_SORT(
        ARRAY_AGG(
          STRUCT_PACK(rule_id := r.rule_id, column_name := r.column_name, value := r.value, reason := r.reason, severity := r.severity)
        )
      ) AS rejections,
      MAX(r.row_delivered) AS row_delivered,
      MAX(r.row_hash) AS row_hash,
      MAX(r.row_corrected) AS row_corrected
    FROM ops.rejections AS r
    GROUP BY r.source, r.extract, r.business_date, r.sequence, r.line
  )
SELECT
  q.source,
  q.extract,
  q.business_date,
  q.sequence,
  q.line,
  q.file_name,
  q.file_line,
  q.source_id,
  CASE q.gravity WHEN 1 THEN 'row' WHEN 2 THEN 'duplicate' WHEN 3 THEN 'value' ELSE 'warning' END AS severity,
  LIST_TRANSFORM(q.rejections, lambda x: x.rule_id) AS reasons,
  LIST_TRANSFORM(q.rejections, lambda x: x.severity) AS severities,
  LIST_TRANSFORM(q.rejections, lambda x: x.column_name) AS columns,
  LIST_TRANSFORM(q.rejections, lambda x: x.value) AS delivered_values,
  LIST_TRANSFORM(q.rejections, lambda x: x.reason) AS advice,
  q.row_delivered,
  q.row_hash,
  q.row_corrected
FROM rejected_rows AS q
