-- One row per $key. Replace this by a select over staging models; it yields no row yet.
select
    cast(null as varchar) as $key,
    cast(null as timestamptz) as created_at
where false
