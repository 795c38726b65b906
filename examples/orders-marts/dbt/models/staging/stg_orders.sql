select
  order_id,
  line,
  customer,
  sku,
  quantity,
  quantity * unit_price as amount,
  state,
  (ordered_at at time zone 'UTC')::date as ordered_on
from {{ source('landing', 'orders') }}
where state <> 'cancelled'
