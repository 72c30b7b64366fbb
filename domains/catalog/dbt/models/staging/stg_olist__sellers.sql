-- One row per seller; sellers type their city themselves, often with the state behind it.
select
    seller_id,
    {{ place_name("regexp_replace(seller_city, '[ -]+' || lower(seller_state) || '$', '')") }} as city,
    seller_state as state,
    seller_zip_code_prefix as zip_prefix
from {{ source('raw', 'sellers') }}
