-- materialized: table
-- unique_key: day
-- description: sessions that came, filled a cart, ordered and paid, by the day they began; days without any, too
WITH sessions AS (
  SELECT
    e.session,
    min(e.at)::date AS day,
    bool_or(e.type = 'visit') AS visited,
    bool_or(e.type = 'cart') AS filled,
    bool_or(e.type = 'order') AS ordered,
    bool_or(e.type = 'order' AND o.status IN ('paid', 'refunded')) AS paid
  FROM staging.events e
  LEFT JOIN staging.orders o ON o.order_id = e.order_id
  GROUP BY e.session
), days AS (
  SELECT generate_series(min(day), max(day), interval '1 day')::date AS day
  FROM sessions
)

SELECT
  d.day,
  count(*) FILTER (WHERE s.visited) AS visits,
  count(*) FILTER (WHERE s.visited AND s.filled) AS carts,
  count(*) FILTER (WHERE s.visited AND s.filled AND s.ordered) AS orders,
  count(*) FILTER (WHERE s.visited AND s.filled AND s.ordered AND s.paid) AS paid
FROM days d
LEFT JOIN sessions s ON s.day = d.day
GROUP BY d.day
