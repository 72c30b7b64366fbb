-- One row per shop day and currency; canceled and unavailable orders are no sales.
select
    {{ shop_day('purchased_at') }} as sales_on,
    cast(count(*) as integer) as order_count,
    cast(sum(item_count) as integer) as item_count,
    cast(sum(items_amount) as decimal(12, 2)) as items_amount,
    cast(sum(freight_amount) as decimal(12, 2)) as freight_amount,
    currency_code
from {{ ref('orders', v=1) }}
where order_status not in ('canceled', 'unavailable')
group by sales_on, currency_code
