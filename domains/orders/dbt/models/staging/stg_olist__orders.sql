-- One row per order, times as instants.
select
    order_id,
    customer_id as order_customer_id,
    lower(trim(order_status)) as order_status,
    {{ instant('order_purchase_timestamp') }} as purchased_at,
    {{ instant('order_approved_at') }} as approved_at,
    {{ instant('order_delivered_carrier_date') }} as shipped_at,
    {{ instant('order_delivered_customer_date') }} as delivered_at,
    cast(order_estimated_delivery_date as date) as promised_on
from {{ source('raw', 'orders') }}
