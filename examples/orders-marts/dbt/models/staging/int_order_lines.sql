select
  o.order_id,
  o.quantity,
  o.state = 'returned' as returned,
  date_trunc('month', o.ordered_on)::date as month,
  coalesce(p.category, 'no longer sold') as category,
  case when o.state = 'returned' then 0 else o.amount end as turnover
from {{ ref('stg_orders') }} as o
left join {{ source('landing', 'inventory') }} as p using (sku)
