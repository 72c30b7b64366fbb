-- One row per order and seller, once a carrier has the goods.
with freight_per_seller as (
    select
        order_id,
        seller_id,
        sum(freight_amount) as freight_amount,
        any_value(currency_code) as currency_code
    from {{ source('inputs', 'orders__order_lines_v1') }}
    group by order_id, seller_id
)

select
    orders.order_id,
    freight.seller_id,
    orders.shipped_at,
    orders.delivered_at,
    orders.promised_on,
    {{ shop_day('orders.delivered_at') }} > orders.promised_on as is_late,
    cast(date_sub('day', orders.shipped_at, orders.delivered_at) as integer) as transit_days,
    cast({{ distance_km('origin', 'destination') }} as decimal(7, 1)) as distance_km,
    cast(freight.freight_amount as decimal(12, 2)) as freight_amount,
    freight.currency_code,
    sellers.state as origin_state,
    orders.delivery_state as destination_state
from {{ source('inputs', 'orders__orders_v1') }} as orders
inner join freight_per_seller as freight using (order_id)
left join {{ source('inputs', 'catalog__sellers_v1') }} as sellers using (seller_id)
left join {{ ref('zip_points') }} as origin on origin.zip_prefix = sellers.zip_prefix
left join {{ ref('zip_points') }} as destination on destination.zip_prefix = orders.delivery_zip_prefix
where orders.shipped_at is not null
