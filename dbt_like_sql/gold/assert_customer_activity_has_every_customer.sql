-- model: customer_activity
-- Each customer is there once, and no day is after the latest business date unless it is that of the first delivery.
-- Prevents: customers who are taken for dormant because one of their orders was dated wrong.
-- zh: 每位客户出现且仅出现一次，活动日期不晚于最新业务日期。防止：因订单日期错误而把活跃客户误判为沉睡客户。
WITH
  today AS (
    SELECT MAX(l.business_date) AS business_date
    FROM ops.loads AS l
  )
SELECT c.customer_id
FROM gold.customers AS c
LEFT JOIN gold.customer_activity AS a ON a.customer_id = c.customer_id
CROSS JOIN today AS d
GROUP BY c.customer_id, d.business_date
HAVING COUNT(a.customer_id) <> 1 OR MAX(a.last_active_on) > d.business_date
