-- From when to when each customer is known to have been active, and what was the last of it. Days after the latest
-- business date are errors of a source and don't count; mails and calls that went out are no activity of the customer.
WITH
  today AS (
    SELECT MAX(l.business_date) AS business_date
    FROM ops.loads AS l
  ),
  told AS (
    SELECT c.customer_id, 'created' AS activity, 1 AS place, CAST(c.created_at AS DATE) AS active_on
    FROM gold.customers AS c
    UNION ALL
    SELECT o.customer_id, 'order' AS activity, 2 AS place, o.ordered_on AS active_on
    FROM gold.orders AS o
    UNION ALL
    SELECT p.customer_id, 'payment' AS activity, 3 AS place, CAST(p.paid_at AS DATE) AS active_on
    FROM gold.payments AS p
    UNION ALL
    SELECT t.customer_id, 'ticket' AS activity, 4 AS place, CAST(t.opened_at AS DATE) AS active_on
    FROM gold.tickets AS t
    UNION ALL
    SELECT d.customer_id, 'opportunity' AS activity, 5 AS place, CAST(d.opened_at AS DATE) AS active_on
    FROM gold.opportunities AS d
    UNION ALL
    SELECT i.customer_id, 'interaction' AS activity, 6 AS place, CAST(i.occurred_at AS DATE) AS active_on
    FROM gold.interactions AS i
    WHERE COALESCE(LOWER(i.direction), '') NOT IN ('out', 'outbound', 'outgoing', 'sent', '出', '呼出', '发出', '外呼', '去电')
  ),
  counted AS (
    SELECT t.customer_id, t.activity, t.place, t.active_on
    FROM told AS t
    CROSS JOIN today AS d
    WHERE t.customer_id IS NOT NULL AND t.active_on <= d.business_date
  ),
  ordered AS (
    SELECT
      t.customer_id,
      t.activity,
      t.active_on,
      MIN(t.active_on) OVER (PARTITION BY t.customer_id) AS first_active_on,
      ROW_NUMBER() OVER (PARTITION BY t.customer_id ORDER BY t.active_on DESC, t.place DESC) AS position
    FROM counted AS t
  )
SELECT
  c.customer_id,
  COALESCE(s.first_active_on, c.first_seen_on) AS first_active_on,
  COALESCE(s.active_on, c.first_seen_on) AS last_active_on,
  COALESCE(s.activity, 'first_seen') AS last_activity_kind
FROM gold.customers AS c
LEFT JOIN ordered AS s ON s.customer_id = c.customer_id AND s.position = 1
