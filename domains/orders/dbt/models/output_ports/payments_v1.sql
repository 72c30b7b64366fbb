-- One row per payment towards an order.
select
    order_id,
    payment_number,
    method,
    installment_count,
    paid_amount,
    currency_code
from {{ ref('stg_olist__order_payments') }}
