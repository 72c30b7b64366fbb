-- One row per order.
with lines_per_order as (
    select
        order_id,
        cast(count(*) as integer) as item_count,
        sum(unit_price_amount) as items_amount,
        sum(freight_amount) as freight_amount
    from {{ ref('stg_olist__order_items') }}
    group by order_id
),

payments_per_order as (
    select order_id, sum(paid_amount) as paid_amount
    from {{ ref('stg_olist__order_payments') }}
    group by order_id
)

select
    orders.order_id,
    customers.customer_id,
    orders.order_status,
    orders.purchased_at,
    orders.approved_at,
    orders.shipped_at,
    orders.delivered_at,
    orders.promised_on,
    customers.delivery_state,
    customers.delivery_zip_prefix,
    coalesce(lines_per_order.item_count, 0) as item_count,
    cast(coalesce(lines_per_order.items_amount, 0) as decimal(12, 2)) as items_amount,
    cast(coalesce(lines_per_order.freight_amount, 0) as decimal(12, 2)) as freight_amount,
    cast(coalesce(payments_per_order.paid_amount, 0) as decimal(12, 2)) as paid_amount,
    'BRL' as currency_code
from {{ ref('stg_olist__orders') }} as orders
left join {{ ref('stg_olist__order_customers') }} as customers using (order_customer_id)
left join lines_per_order using (order_id)
left join payments_per_order using (order_id)
