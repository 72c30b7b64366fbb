-- One row per category that somebody translated.
select
    nullif(lower(trim(product_category_name)), '') as category_code,
    nullif(trim(product_category_name_english), '') as category_name
from {{ source('raw', 'category_translations') }}
