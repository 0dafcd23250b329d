{{ config(materialized='incremental', incremental_strategy='touched', meta={'datasets': ['supplies']}) }}

with

versions as (
    select * from {{ ref('int_supplies_versioned') }}
),

kinds as (
    select * from {{ ref('ref_storage_kinds') }}
),

resolved as (
    select * from {{ ref('int_divisions_resolved') }}
)

select
    -- ids
    versions.region_code,
    versions.warehouse_id,
    versions.item_code,
    versions.lot_number,
    versions.storage_kind,
    coalesce(kinds.is_on_hand, false) as is_on_hand,
    versions.warehouse_name,
    versions.warehouse_division_code,
    resolved.successor_code as warehouse_division_current_code,
    {{ wgs84_lon('versions.warehouse_lon', 'versions.warehouse_lat', 'versions.warehouse_datum') }} as warehouse_lon_wgs84,
    {{ wgs84_lat('versions.warehouse_lon', 'versions.warehouse_lat', 'versions.warehouse_datum') }} as warehouse_lat_wgs84,
    coalesce(versions.listed_item_name, versions.item_name) as item_name,
    versions.owner_name,

    -- measures
    versions.unit,
    versions.unit_status,
    versions.quantity_unit,
    versions.stated_base_quantity as stated_quantity,
    case when kinds.is_on_hand then versions.stated_base_quantity end as on_hand_quantity,
    versions.reserved_base_quantity as reserved_quantity,

    -- times
    coalesce(versions.lot_produced_date, versions.produced_date) as produced_date,
    coalesce(versions.lot_expiry_date, versions.expiry_date) as expiry_date,
    versions.as_of_at,
    versions.reported_at,
    versions.known_from,
    versions.known_to,
    versions.is_superseded_on_arrival,
    versions.is_restated,
    cast(versions.report_number as integer) as report_number,
    versions.delivery_id,
    versions.row_number
from versions
left join kinds
    on versions.storage_kind = kinds.storage_kind and {{ in_force('kinds', day_of_moment('versions.as_of_at')) }}
left join resolved on versions.warehouse_division_code = resolved.division_code
