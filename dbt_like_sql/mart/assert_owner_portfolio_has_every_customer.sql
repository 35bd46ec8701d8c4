-- model: owner_portfolio
-- Each golden customer is in one portfolio, with all its revenue.
-- Prevents: customers without an owner who are in nobody's figures, and customers counted for each opportunity.
-- zh: 每位黄金客户只归入一个负责人，且收入完整。防止：无负责人的客户不在任何人名下，或客户按商机重复计数。
WITH
  known AS (
    SELECT COUNT(*) AS customer_count, COALESCE(SUM(v.revenue), 0) AS revenue
    FROM mart.customer_value AS v
  ),
  reported AS (
    SELECT COALESCE(SUM(p.customer_count), 0) AS customer_count, COALESCE(SUM(p.revenue), 0) AS revenue
    FROM mart.owner_portfolio AS p
  )
SELECT known.customer_count, reported.customer_count AS reported_count
FROM known
CROSS JOIN reported
WHERE known.customer_count <> reported.customer_count OR known.revenue <> reported.revenue
