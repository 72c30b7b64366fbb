-- One row per piece of an item in an order.
select
    order_id,
    order_item_id as line_number,
    product_id as item_id,
    seller_id,
    price as unit_price_amount,
    freight_value as freight_amount,
    'BRL' as currency_code,
    {{ instant('shipping_limit_date') }} as ships_by_at
from {{ source('raw', 'order_items') }}
