{{ config(materialized='as_of_table') }}

with

reports as (
    select * from {{ ref('fct_supply_movement_reports') }}
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
    counterpart_region_code,
    counterpart_warehouse_id,
    related_movement_id,
    settlement_status,

    -- measures
    unit,
    quantity,
    signed_quantity,

    -- times
    moved_at,
    reported_at,
    known_from,
    report_number,
    delivery_id,
    row_number
from reports
where {{ is_current_version('reports') }}
