-- What the sender of a stock statement is told once its history, the movements and the item list are known.
with

far as (
    select * from {{ ref('int_resource_points_measured') }}
    where dataset = 'supplies' and distance_km > max_km
),

reports as (
    select * from {{ ref('fct_supply_stock_reports') }}
    where not is_restated
),

balance as (
    select * from {{ ref('fct_supply_balance') }}
),

-- known to be gone since something newer of the same warehouse became known
stock as (
    select
        *,
        max(known_from) over (partition by region_code, warehouse_id, storage_kind) as last_known_from
    from {{ ref('fct_supply_stock') }}
)

select
    {{ flag_of(
        'supplies', 'S-BAL', 'on_hand_quantity', quantity_text('closing_quantity'), quantity_text('closing_quantity - balance_difference')
    ) }}
from balance
where balance_status = 'differs'
union all
select {{ flag_of('supplies', 'S-EXP', 'expiry_date', 'expiry_date', 'cast(as_of_at as date)') }}
from reports
where on_hand_quantity > 0 and expiry_date < cast(as_of_at as date)
union all
select {{ flag_of('supplies', 'S-ITEM', 'item_code', 'item_code') }}
from reports
where unit_status = 'unlisted_item'
union all
select {{ flag_of('supplies', 'S-UNIT', 'quantity_unit', 'quantity_unit') }}
from reports
where unit_status = 'other_unit'
union all
select {{ flag_of('supplies', 'S-GONE', 'lot_number', 'lot_number', 'cast(as_of_at as date)', known_from='last_known_from') }}
from stock
where stated_quantity > 0 and not is_in_last_statement
union all
select
    {{ flag_of(
        'supplies', 'S-POINT', 'warehouse_lon', "concat('距', division_name, '中心', cast(round(distance_km) as integer), '千米')", "concat('不超过', cast(max_km as integer), '千米')"
    ) }}
from far
