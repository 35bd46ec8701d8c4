-- model: tickets
-- severity: warn
-- Each ticket has its customer; mart.orphans lists those that have none.
-- Prevents: customers who look content because their complaints are with nobody.
-- zh: 每张工单都有所属客户，没有的列于 mart.orphans。防止：投诉无人认领，客户看似满意。
SELECT t.source, t.extract, t.source_id
FROM gold.tickets AS t
WHERE t.customer_id IS NULL
