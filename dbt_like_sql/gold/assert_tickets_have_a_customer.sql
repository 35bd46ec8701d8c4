-- model: tickets
-- severity: warn
-- Each ticket has its customer; mart.orphans lists those that have none.
-- Prevents: customers who look content because their complaints are with nobody.
SELECT t.source, t.extract, t.source_id
FROM gold.tickets AS t
WHERE t.customer_id IS NULL
