-- model: interactions
-- severity: warn
-- Each interaction has its customer; mart.orphans lists those that have none.
-- Prevents: customers who look untouched, and are written to again, because what was said to them is with nobody.
SELECT i.source, i.extract, i.source_id
FROM gold.interactions AS i
WHERE i.customer_id IS NULL
