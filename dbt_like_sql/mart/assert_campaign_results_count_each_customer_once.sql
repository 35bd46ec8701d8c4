-- model: campaign_results
-- Each campaign is there once; new customers of all campaigns together are no more than all first-time buyers, and of one
-- campaign no more than it reached.
-- Prevents: two campaigns that both claim a customer, so that each looks half as expensive as it was.
-- zh: 每个活动出现一次；各活动新客户之和不超过首购客户总数，单个活动不超过其触达客户数。防止：两个活动都把同一客户算作自己的，获客成本看似减半。
WITH
  buyers AS (
    SELECT COUNT(DISTINCT o.customer_id) AS customer_count
    FROM gold.orders AS o
    WHERE o.ordered_on IS NOT NULL
  ),
  claimed AS (
    SELECT COALESCE(SUM(r.new_customer_count), 0) AS customer_count
    FROM mart.campaign_results AS r
  )
SELECT NULL AS source_id, claimed.customer_count
FROM claimed
CROSS JOIN buyers
WHERE claimed.customer_count > buyers.customer_count
UNION ALL
SELECT COALESCE(c.source_id, r.source_id) AS source_id, r.new_customer_count AS customer_count
FROM gold.campaigns AS c
FULL JOIN mart.campaign_results AS r ON r.source = c.source AND r.extract = c.extract AND r.source_id = c.source_id
WHERE c.source IS NULL OR r.source IS NULL OR r.new_customer_count > r.reached_customer_count
