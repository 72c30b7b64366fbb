-- One row per person with an account: the latest record of the export that is fit for use.
select
    person_id as customer_id,
    nullif(trim(full_name), '') as full_name,
    nullif(lower(trim(email)), '') as email,
    nullif(trim(phone), '') as phone,
    birth_date as birth_on,
    case
        when lower(trim(marketing_consent)) in ('true', 'yes', 'y', 's', 'sim', '1') then true
        when lower(trim(marketing_consent)) in ('false', 'no', 'n', 'nao', '0') then false
    end as has_marketing_consent
from {{ source('raw', 'crm_contacts') }}
where rowid not in (select source_row from {{ ref('crm_contacts') }})
qualify row_number() over (partition by person_id order by rowid desc) = 1
