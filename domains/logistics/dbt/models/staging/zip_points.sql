-- One row per postal area: the centre of its points. A table, because several joins read it.
{{ config(materialized='table') }}

select
    geolocation_zip_code_prefix as zip_prefix,
    avg(geolocation_lat) as latitude,
    avg(geolocation_lng) as longitude
from {{ source('raw', 'geolocation') }}
where rowid not in (select source_row from {{ ref('geolocation') }})
group by geolocation_zip_code_prefix
