-- One row per customer.
with counting_orders as (
    select
        order_id,
        customer_id,
        items_amount + freight_amount as order_amount,
        {{ shop_day('purchased_at') }} as purchased_on
    from {{ source('inputs', 'orders__orders_v1') }}
    where order_status not in ('canceled', 'unavailable')
),

orders_per_customer as (
    select
        customer_id,
        cast(count(*) as integer) as order_count,
        sum(order_amount) as lifetime_amount,
        min(purchased_on) as first_order_on,
        max(purchased_on) as last_order_on
    from counting_orders
    group by customer_id
),

scores_per_customer as (
    select orders.customer_id, avg(reviews.score) as average_score
    from {{ ref('stg_olist__reviews') }} as reviews
    inner join {{ source('inputs', 'orders__orders_v1') }} as orders using (order_id)
    group by orders.customer_id
),

late_deliveries_per_customer as (
    select orders.customer_id, cast(count(*) as integer) as late_delivery_count
    from {{ source('inputs', 'logistics__shipments_v1') }} as shipments
    inner join {{ source('inputs', 'orders__orders_v1') }} as orders using (order_id)
    where shipments.is_late
    group by orders.customer_id
),

latest as (
    select max(purchased_on) as order_on from counting_orders
)

select
    customers.customer_id,
    coalesce(orders.order_count, 0) as order_count,
    cast(coalesce(orders.lifetime_amount, 0) as decimal(12, 2)) as lifetime_amount,
    'BRL' as currency_code,
    orders.first_order_on,
    orders.last_order_on,
    cast(scores.average_score as decimal(3, 2)) as average_score,
    coalesce(late.late_delivery_count, 0) as late_delivery_count,
    case
        when orders.order_count is null then 'prospect'
        when latest.order_on - orders.last_order_on > 365 then 'lapsed'
        when orders.order_count > 1 then 'loyal'
        when latest.order_on - orders.last_order_on > 90 then 'active'
        else 'new'
    end as segment
from {{ ref('customers', v=1) }} as customers
cross join latest
left join orders_per_customer as orders using (customer_id)
left join scores_per_customer as scores using (customer_id)
left join late_deliveries_per_customer as late using (customer_id)
