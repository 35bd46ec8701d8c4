-- Of the customers who first bought in a month, how many bought again in each later one.
WITH
  active AS (
    SELECT DISTINCT o.customer_id, CAST(DATE_TRUNC('month', o.ordered_on) AS DATE) AS month
    FROM gold.orders AS o
    WHERE o.customer_id IS NOT NULL AND o.ordered_on IS NOT NULL
  ),
  cohorts AS (
    SELECT a.customer_id, MIN(a.month) AS month
    FROM active AS a
    GROUP BY a.customer_id
  ),
  sizes AS (
    SELECT c.month, COUNT(*) AS customer_count
    FROM cohorts AS c
    GROUP BY c.month
  ),
  months AS (
    SELECT DISTINCT a.month
    FROM active AS a
  ),
  returning_customers AS (
    SELECT c.month AS cohort_month, a.month, COUNT(*) AS customer_count
    FROM cohorts AS c
    JOIN active AS a ON a.customer_id = c.customer_id
    GROUP BY c.month, a.month
  )
SELECT
  s.month AS cohort_month,
  m.month,
  CAST((YEAR(m.month) - YEAR(s.month)) * 12 + MONTH(m.month) - MONTH(s.month) AS INTEGER) AS months_since,
  s.customer_count AS cohort_customer_count,
  COALESCE(r.customer_count, 0) AS active_customer_count,
  CAST(COALESCE(r.customer_count, 0) AS DOUBLE) / s.customer_count AS retention_share
FROM sizes AS s
JOIN months AS m ON m.month >= s.month
LEFT JOIN returning_customers AS r ON r.cohort_month = s.month AND r.month = m.month
