-- What the sender of a stock statement is told once its history, the movements and the item list are known. Of what is listed no more:
-- int_supply_lots_flagged.
with

far as (
    select * from {{ ref('int_resource_points_measured') }}
    where dataset = 'supplies' and distance_km > max_km
),

reports as (
    {{ with_told_again(ref('fct_supply_stock_reports'), ['region_code', 'warehouse_id', 'item_code', 'lot_number', 'storage_kind']) }}
),

revised as (
    select * from {{ ref('int_supply_balance_revised') }}
),

moments as (
    select distinct {{ lot_columns() }}, as_of_at
    from {{ ref('int_supply_balance_moments') }}
),

-- of a statement after which nothing became known that touches it the balance is what it was at once
settled as (
    select
        balance.*,
        cast(null as timestamp) as shown_until
    from {{ ref('fct_supply_balance') }} as balance
    left join moments
        on {{ same_lot('balance', 'moments') }} and balance.closing_as_of_at = moments.as_of_at
    where balance.balance_status = 'differs' and moments.as_of_at is null
),

flags as (
    select
        {{ flag_of(
            'supplies', 'S-BAL', 'on_hand_quantity', quantity_text('closing_quantity'), quantity_text('closing_quantity - balance_difference')
        ) }}
    from settled
    union all
    select
        {{ flag_of(
            'supplies', 'S-BAL', 'on_hand_quantity', quantity_text('stated_quantity'), quantity_text('stated_quantity - balance_difference'),
            known_from='moment'
        ) }}
    from revised
    where is_comparable and balance_difference <> 0
    union all
    select {{ flag_of('supplies', 'S-EXP', 'expiry_date', 'expiry_date', day_of_moment('as_of_at')) }}
    from reports
    where on_hand_quantity > 0 and expiry_date < {{ day_of_moment('as_of_at') }}
    union all
    select {{ flag_of('supplies', 'S-ITEM', 'item_code', 'item_code') }}
    from reports
    where unit_status = 'unlisted_item'
    union all
    select {{ flag_of('supplies', 'S-UNIT', 'quantity_unit', 'quantity_unit') }}
    from reports
    where unit_status = 'other_unit'
    union all
    select
        {{ flag_of(
            'supplies', 'S-POINT', 'warehouse_lon', "concat('距', division_name, '中心', cast(round(distance_km) as integer), '千米')", "concat('不超过', cast(max_km as integer), '千米')"
        ) }}
    from far
)

select
    {{ flag_stretch_columns() }}
from flags
