{{ config(materialized='as_of_table') }}

with

clock as (
    select {{ as_of_day('known_until') }} as as_of_day
    from {{ ref('dim_known_until') }}
),

movements as (
    select
        reports.*,
        clock.as_of_day
    from {{ ref('fct_supply_movement_reports') }} as reports
    inner join clock on true
    where {{ is_current_version('reports') }}
),

judged as (
    {{ supply_transfers_judged('movements') }}
)

select
    -- ids
    region_code,
    movement_id,
    warehouse_id,
    item_code,
    lot_number,
    storage_kind,
    counterpart_region_code,
    counterpart_warehouse_id,
    counterpart_region_code <> region_code as is_cross_province,
    settlement_status,
    transfer_status,

    -- measures
    unit,
    quantity,
    cast(case when is_comparable then received_quantity end as decimal(38, 6)) as received_quantity,
    cast(case when is_comparable and undecided_count = 0 then received_quantity - quantity end as decimal(38, 6)) as quantity_difference,
    receipt_count,
    undecided_count as undecided_receipt_count,

    -- times
    as_of_day,
    moved_at,
    due_date,
    received_at,
    known_from,
    receipt_known_from,
    delivery_id,
    row_number
from judged
