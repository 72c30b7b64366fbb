-- One row per category that is translated or that an item has.
with items_per_category as (
    select category_code, cast(count(*) as integer) as item_count
    from {{ ref('stg_olist__products') }}
    where category_code is not null
    group by category_code
)

select
    category_code,
    coalesce(translations.category_name, category_code) as category_name,
    translations.category_name is not null as is_translated,
    coalesce(items_per_category.item_count, 0) as item_count
from {{ ref('stg_olist__category_translations') }} as translations
full join items_per_category using (category_code)
