-- One row per customer record; the marketplace makes a new one for each order of a person.
select
    customer_id as order_customer_id,
    customer_unique_id as customer_id,
    customer_zip_code_prefix as delivery_zip_prefix,
    customer_state as delivery_state
from {{ source('raw', 'order_customers') }}
