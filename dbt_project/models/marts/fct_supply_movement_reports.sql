{{ config(materialized='incremental', incremental_strategy='touched', meta={'datasets': ['supply_movements']}) }}

with

versions as (
    select * from {{ ref('int_supply_movements_versioned') }}
)

select
    -- ids
    region_code,
    movement_id,
    warehouse_id,
    item_code,
    lot_number,
    storage_kind,
    movement_kind,
    direction,
    coalesce(needs_counterpart, false) as is_transfer,
    counterpart_region_code,
    counterpart_warehouse_id,
    related_movement_id,
    settlement_status,

    -- measures
    unit,
    quantity_unit,
    base_quantity as quantity,
    cast(base_quantity * direction as decimal(38, 6)) as signed_quantity,

    -- times
    moved_at,
    reported_at,
    known_from,
    known_to,
    cast(report_number as integer) as report_number,
    delivery_id,
    row_number
from versions
