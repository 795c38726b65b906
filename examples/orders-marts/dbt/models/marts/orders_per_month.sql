select
  month,
  category,
  count(distinct order_id) as orders,
  sum(quantity) as pieces,
  sum(turnover) as turnover,
  count(*) filter (where returned) as returned_lines
from {{ ref('int_order_lines') }}
group by month, category
