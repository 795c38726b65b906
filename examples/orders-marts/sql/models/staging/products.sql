-- materialized: view
-- description: products on offer
SELECT
  sku,
  product,
  category,
  in_stock
FROM landing.inventory
