-- One row per month and route on which something was delivered.
select
    cast(date_trunc('month', {{ shop_day('delivered_at') }}) as date) as month_on,
    origin_state,
    destination_state,
    cast(count(*) as integer) as shipment_count,
    cast(count(*) filter (where is_late) as integer) as late_count,
    cast(count(*) filter (where is_late) / count(*) as decimal(5, 4)) as late_rate,
    cast(avg(transit_days) as decimal(6, 2)) as average_transit_days
from {{ ref('shipments', v=1) }}
where delivered_at >= shipped_at and destination_state is not null
group by all
