-- model: payments
-- severity: warn
-- Each payment has its customer; mart.orphans lists those that have none.
-- Prevents: a customer who is reminded of an invoice that was paid, because the payment is with nobody.
-- zh: 每笔付款都有所属客户，没有的列于 mart.orphans。防止：付款无人认领，已付清的客户仍被催款。
SELECT p.source, p.extract, p.source_id
FROM gold.payments AS p
WHERE p.customer_id IS NULL
