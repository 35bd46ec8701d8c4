-- model: interactions
-- severity: warn
-- Each interaction has its customer; mart.orphans lists those that have none.
-- Prevents: customers who look untouched, and are written to again, because what was said to them is with nobody.
-- zh: 每条互动都有所属客户，没有的列于 mart.orphans。防止：客户看似未被联系而再次收到推送，实际的联系记录无人认领。
SELECT i.source, i.extract, i.source_id
FROM gold.interactions AS i
WHERE i.customer_id IS NULL
