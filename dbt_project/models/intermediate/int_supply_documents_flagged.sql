-- What the sender of a movement is told about the number of its document and the one it names.
with

reports as (
    select * from {{ ref('fct_supply_movement_reports') }}
    where known_to is null
),

transfers as (
    select * from {{ ref('fct_supply_transfers') }}
),

orphans as (
    select reports.*
    from reports
    left join transfers
        on
            reports.counterpart_region_code = transfers.region_code
            and reports.related_movement_id = transfers.movement_id
            and coalesce(reports.counterpart_warehouse_id, transfers.warehouse_id) = transfers.warehouse_id
    where reports.direction = 1 and reports.related_movement_id is not null and transfers.movement_id is null
),

-- known to be ambiguous as soon as the receipt and the transfers are
ambiguous as (
    select
        receipt_region_code as region_code,
        receipt_delivery_id as delivery_id,
        receipt_row_number as row_number,
        movement_id,
        string_agg(warehouse_id, '、' order by warehouse_id) as warehouses,
        greatest(max(known_from), max(receipt_known_from)) as known_from
    from ({{ supply_receipts_as_known() }}) as named
    where candidate_count > 1
    group by receipt_region_code, receipt_delivery_id, receipt_row_number, movement_id
),

-- a correction that names another warehouse is another movement
twice as (
    select
        later.*,
        earlier.warehouse_id as other_warehouse_id
    from reports as later
    inner join reports as earlier
        on
            later.region_code = earlier.region_code
            and later.movement_id = earlier.movement_id
            and later.warehouse_id <> earlier.warehouse_id
            and later.item_code = earlier.item_code
            and later.lot_number = earlier.lot_number
            and later.movement_kind = earlier.movement_kind
            and later.quantity = earlier.quantity
            and later.unit = earlier.unit
            and later.moved_at = earlier.moved_at
            and (
                later.known_from > earlier.known_from
                or later.known_from = earlier.known_from and later.warehouse_id > earlier.warehouse_id
            )
)

select {{ flag_of('supply_movements', 'S-ORPHAN', 'related_movement_id', 'related_movement_id', 'counterpart_region_code') }}
from orphans
union all
select {{ flag_of('supply_movements', 'S-AMBIG', 'related_movement_id', 'movement_id', 'warehouses') }}
from ambiguous
union all
select {{ flag_of('supply_movements', 'S-TWICE', 'warehouse_id', 'warehouse_id', 'other_warehouse_id') }}
from twice
