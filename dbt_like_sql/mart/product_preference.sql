-- What each customer buys most: product, category and product line, by order lines.
WITH
  -- Several versions of a product may share a code: the one available last says what it is.
  ranked_products AS (
    SELECT
      p.product_code,
      p.category,
      p.product_line,
      ROW_NUMBER() OVER (
        PARTITION BY p.product_code
        ORDER BY p.available_from DESC NULLS LAST, p.source, p.extract, p.source_id
      ) AS rank
    FROM gold.products AS p
    WHERE p.product_code IS NOT NULL
  ),
  lines AS (
    SELECT o.customer_id, o.ordered_on, o.product_code, p.category, p.product_line
    FROM gold.orders AS o
    LEFT JOIN ranked_products AS p ON p.product_code = o.product_code AND p.rank = 1
    WHERE o.customer_id IS NOT NULL AND o.product_code IS NOT NULL
  ),
  totals AS (
    SELECT l.customer_id, COUNT(*) AS line_count, COUNT(DISTINCT l.product_code) AS product_count
    FROM lines AS l
    GROUP BY l.customer_id
  ),
  counted AS (
    SELECT
      l.customer_id, 'product' AS level, l.product_code AS name, COUNT(*) AS line_count, MAX(l.ordered_on) AS last_on
    FROM lines AS l
    GROUP BY l.customer_id, l.product_code
    UNION ALL
    SELECT l.customer_id, 'category' AS level, l.category AS name, COUNT(*) AS line_count, MAX(l.ordered_on) AS last_on
    FROM lines AS l
    WHERE l.category IS NOT NULL
    GROUP BY l.customer_id, l.category
    UNION ALL
    SELECT l.customer_id, 'line' AS level, l.product_line AS name, COUNT(*) AS line_count, MAX(l.ordered_on) AS last_on
    FROM lines AS l
    WHERE l.product_line IS NOT NULL
    GROUP BY l.customer_id, l.product_line
  ),
  ranked AS (
    SELECT
      c.customer_id,
      c.level,
      c.name,
      c.line_count,
      ROW_NUMBER() OVER (
        PARTITION BY c.customer_id, c.level
        ORDER BY c.line_count DESC, c.last_on DESC NULLS LAST, c.name
      ) AS rank
    FROM counted AS c
  )
SELECT
  t.customer_id,
  t.line_count AS product_order_line_count,
  t.product_count,
  p.name AS top_product_code,
  CAST(p.line_count AS DOUBLE) / t.line_count AS top_product_share,
  c.name AS top_category,
  CAST(c.line_count AS DOUBLE) / t.line_count AS top_category_share,
  l.name AS top_product_line,
  CAST(l.line_count AS DOUBLE) / t.line_count AS top_product_line_share
FROM totals AS t
LEFT JOIN ranked AS p ON p.customer_id = t.customer_id AND p.level = 'product' AND p.rank = 1
LEFT JOIN ranked AS c ON c.customer_id = t.customer_id AND c.level = 'category' AND c.rank = 1
LEFT JOIN ranked AS l ON l.customer_id = t.customer_id AND l.level = 'line' AND l.rank = 1
