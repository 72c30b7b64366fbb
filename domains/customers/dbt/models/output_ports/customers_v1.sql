-- One row per person who ever ordered.
select
    persons.customer_id,
    persons.city,
    persons.state,
    persons.zip_prefix,
    contacts.full_name,
    contacts.email,
    contacts.phone,
    contacts.birth_on,
    contacts.has_marketing_consent
from {{ ref('stg_olist__persons') }} as persons
left join {{ ref('stg_crm__contacts') }} as contacts using (customer_id)
