-- model: retention_monthly
-- Each cohort is complete in its first month, and the cohorts together are all customers with a dated order.
-- Prevents: a retention above 100 %, or one that looks better because customers who never returned are missing.
-- zh: 每个同期群首月人数完整，各同期群合计等于全部有下单日期的客户。防止：留存率超过 100%，或因漏掉未复购的客户而虚高。
WITH
  buyers AS (
    SELECT COUNT(DISTINCT o.customer_id) AS customer_count
    FROM gold.orders AS o
    WHERE o.ordered_on IS NOT NULL
  ),
  firsts AS (
    SELECT COALESCE(SUM(r.active_customer_count), 0) AS customer_count
    FROM mart.retention_monthly AS r
    WHERE r.months_since = 0
  )
SELECT NULL AS cohort_month, firsts.customer_count
FROM buyers
CROSS JOIN firsts
WHERE buyers.customer_count <> firsts.customer_count
UNION ALL
SELECT r.cohort_month, r.active_customer_count AS customer_count
FROM mart.retention_monthly AS r
WHERE (r.months_since = 0 AND r.active_customer_count <> r.cohort_customer_count)
  OR r.active_customer_count > r.cohort_customer_count
