-- Moments of which a warehouse has stated its stock, kind by kind, and from when on the first statement about each was known.
select
    region_code,
    warehouse_id,
    storage_kind,
    as_of_at,
    {{ day_of_moment('as_of_at') }} as stated_day,
    min(known_from) as known_from
from {{ ref('fct_supply_stock_reports') }}
group by region_code, warehouse_id, storage_kind, as_of_at
