{%- set keys = ['region_code', 'warehouse_id', 'item_code', 'lot_number', 'storage_kind'] -%}
with

versions as (
    {{ state_versions(ref('int_supplies_converted'), keys) }}
)

-- what a lot and its warehouse are is carried; how much there is belongs to its moment and never is
select
    region_code,
    warehouse_id,
    item_code,
    lot_number,
    storage_kind,
    {%- for column in [
        'warehouse_name', 'warehouse_division_code', 'warehouse_lon', 'warehouse_lat', 'warehouse_datum', 'item_name',
        'owner_name', 'produced_date', 'expiry_date'
    ] %}
    {{ carried_attribute(column, keys) }} as {{ column }},
    {%- endfor %}
    listed_item_name,
    quantity_unit,
    unit,
    unit_status,
    stated_base_quantity,
    reserved_base_quantity,
    as_of_at,
    reported_at,
    known_from,
    known_to,
    is_superseded_on_arrival,
    report_number,
    delivery_id,
    row_number
from versions
