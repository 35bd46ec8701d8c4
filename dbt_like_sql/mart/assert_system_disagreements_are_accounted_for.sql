-- model: system_disagreements
-- Every disagreement has a newer side or none, and is among the customers that both systems have.
-- Prevents: shares above all, and a side that is called newer for lack of a date.
-- zh: 每个冲突都有较新的一方或无法判断，且只涉及双方共有的客户。防止：占比超过 100%，或因缺少日期而误判较新的一方。
SELECT d.column_name, d.first_source, d.second_source
FROM mart.system_disagreements AS d
LEFT JOIN mart.system_overlap AS o ON o.first_source = d.first_source AND o.second_source = d.second_source
WHERE
  d.disagreeing_customer_count <> d.first_newer_count + d.second_newer_count + d.neither_newer_count
  OR d.compared_customer_count > COALESCE(o.shared_customer_count, 0)
