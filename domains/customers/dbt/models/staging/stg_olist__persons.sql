-- One row per person: of several addresses the one in the latest record of the export.
select
    customer_unique_id as customer_id,
    {{ place_name('customer_city') }} as city,
    customer_state as state,
    customer_zip_code_prefix as zip_prefix
from {{ source('raw', 'customers') }}
qualify
    customer_unique_id is null
    or row_number() over (partition by customer_unique_id order by rowid desc) = 1
