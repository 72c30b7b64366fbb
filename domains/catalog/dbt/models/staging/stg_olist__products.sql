-- One row per item, as the marketplace exports it.
select
    product_id as item_id,
    nullif(lower(trim(product_category_name)), '') as category_code,
    product_weight_g as weight_g,
    product_length_cm as length_cm,
    product_height_cm as height_cm,
    product_width_cm as width_cm
from {{ source('raw', 'products') }}
