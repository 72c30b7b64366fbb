-- One row per piece of an item in an order.
select
    lines.order_id,
    lines.line_number,
    lines.item_id,
    lines.seller_id,
    items.category_code,
    lines.unit_price_amount,
    lines.freight_amount,
    lines.currency_code,
    lines.ships_by_at
from {{ ref('stg_olist__order_items') }} as lines
left join {{ source('inputs', 'catalog__items_v1') }} as items using (item_id)
