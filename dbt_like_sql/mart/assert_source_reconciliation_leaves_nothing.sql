-- model: source_reconciliation
-- Each delivered row is accounted for, by delivery, and each living record is published.
-- Prevents: rows that vanish between two steps, one delivery short and the next one over so that the sums look right.
-- zh: 每次交付的每一行都有去向，每条有效记录都已发布。防止：两个步骤之间丢行，一次交付少、下一次多，合计却看似正确。
SELECT l.source, l.extract, l.business_date, l.sequence
FROM ops.loads AS l
WHERE l.delivered_count IS DISTINCT FROM
  l.loaded_count + l.unchanged_count + l.quarantined_count + l.duplicate_count + l.erased_count
UNION ALL
SELECT r.source, r.extract, r.latest_business_date AS business_date, NULL AS sequence
FROM mart.source_reconciliation AS r
WHERE r.living_record_count <> r.published_record_count
