-- Days of which a warehouse has stated its stock, kind by kind: when the first statement about the day became known, and about a later one.
with

days as (
    select
        region_code,
        warehouse_id,
        storage_kind,
        stated_day,
        min(known_from) as known_from
    from {{ ref('int_supply_moments_stated') }}
    group by region_code, warehouse_id, storage_kind, stated_day
)

select
    *,
    min(known_from) over (
        partition by region_code, warehouse_id, storage_kind order by stated_day rows between 1 following and unbounded following
    ) as later_known_from
from days
