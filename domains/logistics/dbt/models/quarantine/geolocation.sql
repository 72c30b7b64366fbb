-- Points that are not in Brazil: a lost sign, or latitude and longitude swapped.
select
    rowid as source_row,
    'the point is not in Brazil' as reason
from {{ source('raw', 'geolocation') }}
where
    geolocation_lat is null
    or geolocation_lng is null
    or geolocation_lat not between -34.0 and 5.5
    or geolocation_lng not between -74.1 and -28.5
