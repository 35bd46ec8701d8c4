-- model: valued_orders
-- Each order line is there once, and one whose currency is asked for keeps its amount to the last digit.
-- Prevents: a rate that is there twice doubling revenue, and amounts of the own currency multiplied by a rate.
-- zh: 每个订单行出现一次，本币金额一分不差。防止：汇率重复使收入翻倍，或本币金额被乘以汇率。
SELECT COALESCE(o.source_id, v.source_id) AS source_id, o.amount, v.amount AS valued_amount
FROM gold.orders AS o
FULL JOIN link.valued_orders AS v ON v.source = o.source AND v.extract = o.extract AND v.source_id = o.source_id
WHERE o.source IS NULL
  OR v.source IS NULL
  OR (o.currency IS NOT DISTINCT FROM v.currency AND o.amount IS DISTINCT FROM v.amount AND NOT v.is_unrated)
  OR (o.amount IS NOT NULL AND v.amount IS NULL AND NOT v.is_unrated)
