{%- set keys = ['region_code', 'warehouse_id', 'item_code', 'lot_number', 'storage_kind'] -%}
{%- set columns = [
    'listed_item_name', 'quantity_unit', 'unit', 'unit_status', 'stated_base_quantity', 'reserved_base_quantity',
    'produced_date', 'expiry_date', 'reported_at'
] -%}
{%- set carried = [
    'warehouse_name', 'warehouse_division_code', 'warehouse_lon', 'warehouse_lat', 'warehouse_datum', 'item_name',
    'owner_name', 'lot_produced_date', 'lot_expiry_date'
] -%}
-- what a lot and its warehouse are is carried; how much there is belongs to its moment and never is
{{ carried_state_versions(ref('int_supplies_converted'), keys, columns, carried) }}
