select
    delivery_id,
    row_number,
    region_code,
    movement_id,
    warehouse_id,
    item_code,
    coalesce(lot_number, '未分批') as lot_number,
    storage_kind,
    movement_kind,
    counterpart_region_code,
    counterpart_warehouse_id,
    related_movement_id,
    settlement_status,
    quantity,
    quantity_unit,
    moved_at,
    reported_at,
    known_from
from {{ source('raw', 'supply_movements') }} as landed
where {{ is_touched('supply_movements') }}
