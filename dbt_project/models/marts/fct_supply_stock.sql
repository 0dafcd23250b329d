{{ config(materialized='as_of_table') }}

with

lots as (
    {{ supply_stock_as_known() }}
)

select
    -- ids
    region_code,
    warehouse_id,
    item_code,
    lot_number,
    storage_kind,
    is_on_hand,
    warehouse_name,
    warehouse_division_code,
    warehouse_division_current_code,
    warehouse_lon_wgs84,
    warehouse_lat_wgs84,
    item_name,
    owner_name,

    -- measures
    unit,
    unit_status,
    stated_quantity,
    counted_quantity,
    counted_on_hand_quantity as on_hand_quantity,
    counted_reserved_quantity as reserved_quantity,
    cast(expired_quantity as decimal(38, 6)) as expired_quantity,
    cast(available_quantity as decimal(38, 6)) as available_quantity,
    cast(available_at_most_quantity as decimal(38, 6)) as available_at_most_quantity,
    available_null_reason,
    days_to_expiry,
    expiry_status,
    is_in_last_statement,
    listing_status,

    -- times
    as_of_day,
    produced_date,
    expiry_date,
    as_of_at,
    reported_at,
    known_from,
    report_number,
    delivery_id,
    row_number
from lots
