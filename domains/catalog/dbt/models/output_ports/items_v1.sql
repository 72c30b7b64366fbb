-- One row per item.
select
    products.item_id,
    products.category_code,
    coalesce(translations.category_name, products.category_code) as category_name,
    products.weight_g,
    products.length_cm,
    products.height_cm,
    products.width_cm
from {{ ref('stg_olist__products') }} as products
left join {{ ref('stg_olist__category_translations') }} as translations using (category_code)
