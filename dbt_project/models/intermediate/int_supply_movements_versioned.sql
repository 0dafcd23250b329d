{%- set keys = ['region_code', 'warehouse_id', 'movement_id'] -%}
with

movements as (
    select
        *,
        reported_at as as_of_at
    from {{ ref('stg_supply_movements') }}
),

-- a report repeated later replaces the earlier one
versions as (
    {{ state_versions('movements', keys) }}
),

units as (
    select * from {{ ref('ref_supply_units') }}
),

kinds as (
    select * from {{ ref('ref_movement_kinds') }}
)

select
    versions.*,
    units.base_unit as unit,
    kinds.direction,
    kinds.needs_counterpart,
    {{ to_base_unit('versions.quantity', 'units.factor_numerator', 'units.factor_denominator') }} as base_quantity
from versions
left join units on versions.quantity_unit = units.unit
left join kinds on versions.movement_kind = kinds.kind_code
