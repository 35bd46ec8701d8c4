-- model: data_quality_daily
-- No part of a score is more than the whole it is counted in, and each lies between 0 and 1.
-- Prevents: a team that looks better than perfect because its faults were counted in another team's records.
-- zh: 评分的各部分不超过其统计总量，且都介于 0 和 1 之间。防止：把缺陷计入其他团队的记录，使某团队看起来好过满分。
SELECT d.business_date, d.source, d.extract, d.column_name
FROM mart.data_quality_daily AS d
WHERE d.filled_cell_count > d.cell_count
  OR d.valid_count > d.checked_count
  OR d.consistent_count > d.compared_count
  OR d.unique_count > d.keyed_count
  OR d.valid_count < 0
  OR d.consistent_count < 0
  OR d.timeliness <= 0
  OR d.timeliness > 1
  OR d.score < 0
  OR d.score > 1
