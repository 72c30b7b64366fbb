-- One row per payment towards an order.
select
    order_id,
    payment_sequential as payment_number,
    lower(trim(payment_type)) as method,
    payment_installments as installment_count,
    payment_value as paid_amount,
    'BRL' as currency_code
from {{ source('raw', 'order_payments') }}
