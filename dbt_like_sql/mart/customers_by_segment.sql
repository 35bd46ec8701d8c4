-- Golden customers by type, industry and region, with what they bought.
SELECT
  c.kind,
  c.industry,
  c.country,
  c.province,
  v.currency,
  COUNT(*) AS customer_count,
  COUNT(CASE WHEN v.order_count > 0 THEN 1 END) AS buyer_count,
  COUNT(CASE WHEN c.source_count > 1 THEN 1 END) AS shared_customer_count,
  SUM(v.revenue) AS revenue
FROM gold.customers AS c
JOIN mart.customer_value AS v ON v.customer_id = c.customer_id
GROUP BY c.kind, c.industry, c.country, c.province, v.currency
