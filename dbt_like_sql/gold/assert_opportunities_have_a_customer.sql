-- model: opportunities
-- severity: warn
-- Each opportunity has its customer; mart.orphans lists those that have none.
-- Prevents: a customer who is about to buy and is called like a stranger, because the opportunity is with nobody.
-- zh: 每条商机都有所属客户，没有的列于 mart.orphans。防止：商机无人认领，即将下单的客户被当作陌生人联系。
SELECT o.source, o.extract, o.source_id
FROM gold.opportunities AS o
WHERE o.customer_id IS NULL
