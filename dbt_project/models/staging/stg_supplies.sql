select
    delivery_id,
    row_number,
    region_code,
    warehouse_id,
    item_code,
    coalesce(lot_number, '未分批') as lot_number,
    storage_kind,
    warehouse_name,
    warehouse_division_code,
    warehouse_lon,
    warehouse_lat,
    -- the system of a point: without one it would be carried beside an older point and say something else of it
    case when warehouse_lon is not null then warehouse_datum end as warehouse_datum,
    item_name,
    owner_name,
    quantity_unit,
    on_hand_quantity,
    reserved_quantity,
    produced_date,
    expiry_date,
    {{ at_the_end_of_its_day('as_of_at') }} as as_of_at,
    reported_at,
    known_from
from {{ source('raw', 'supplies') }} as landed
where {{ is_touched('supplies') }}
