-- Quantities in a base unit. Only a unit of the same base as the item's can be added to other stock of the item.
with

statements as (
    select * from {{ ref('stg_supplies') }}
),

units as (
    select * from {{ ref('ref_supply_units') }}
),

items as (
    select * from {{ ref('ref_supply_items') }}
)

select
    statements.*,
    -- goods without lots are another heap at every statement: its dates are its own and not carried
    case when statements.lot_number <> '未分批' then statements.produced_date end as lot_produced_date,
    case when statements.lot_number <> '未分批' then statements.expiry_date end as lot_expiry_date,
    units.base_unit as unit,
    items.item_name as listed_item_name,
    case
        when items.item_code is null then 'unlisted_item'
        when items.unit is null then 'class_only'
        when items.unit = units.base_unit then 'item_unit'
        else 'other_unit'
    end as unit_status,
    {{ to_base_unit('statements.on_hand_quantity', 'units.factor_numerator', 'units.factor_denominator') }} as stated_base_quantity,
    {{ to_base_unit('statements.reserved_quantity', 'units.factor_numerator', 'units.factor_denominator') }} as reserved_base_quantity
from statements
left join units on statements.quantity_unit = units.unit
left join items on statements.item_code = items.item_code
