-- Contacts that cannot be used: of nobody who ever ordered, or with data that cannot be true.
with latest as (
    select max({{ shop_day('purchased_at') }}) as order_on
    from {{ source('inputs', 'orders__orders_v1') }}
),

judged as (
    select
        contacts.rowid as source_row,
        case
            when persons.customer_id is null then 'the person never ordered'
            when not regexp_matches(trim(contacts.email), '^[^@[:space:]]+@[^@[:space:]]+[.][^@[:space:]]+$')
                then 'the e-mail address is malformed'
            when contacts.birth_date < date '1905-01-01' or contacts.birth_date > latest.order_on
                then 'the date of birth is impossible'
        end as reason
    from {{ source('raw', 'crm_contacts') }} as contacts
    cross join latest
    left join {{ ref('stg_olist__persons') }} as persons on persons.customer_id = contacts.person_id
)

select source_row, reason
from judged
where reason is not null
