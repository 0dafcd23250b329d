-- What the sender of a stock statement is told once its history, the movements and the item list are known.
with

far as (
    select * from {{ ref('int_resource_points_measured') }}
    where dataset = 'supplies' and distance_km > max_km
),

reports as (
    select * from {{ ref('fct_supply_stock_reports') }}
),

balance as (
    select * from {{ ref('fct_supply_balance') }}
),

-- a lot is gone since the first statement of its warehouse about a later day became known, and not before it was known itself
gone as (
    select
        {{ lot_columns('stock') }},
        stock.listing_status,
        stock.as_of_at,
        stock.delivery_id,
        stock.row_number,
        min(case when newer.storage_kind <> stock.storage_kind then newer.storage_kind end) as other_kind,
        greatest(min(own.known_from), min(newer.known_from)) as known_from
    from {{ ref('fct_supply_stock') }} as stock
    inner join {{ ref('fct_supply_stock_reports') }} as own
        on stock.delivery_id = own.delivery_id and stock.row_number = own.row_number
    inner join {{ ref('fct_supply_stock_reports') }} as newer
        on
            stock.region_code = newer.region_code
            and stock.warehouse_id = newer.warehouse_id
            and cast(newer.as_of_at as date) > cast(stock.as_of_at as date)
            and (
                stock.listing_status = 'not_restated' and stock.storage_kind = newer.storage_kind
                or stock.listing_status = 'other_kind'
                and stock.item_code = newer.item_code and stock.lot_number = newer.lot_number and newer.stated_quantity > 0
            )
    where stock.stated_quantity > 0
    group by {{ lot_columns('stock') }}, stock.listing_status, stock.as_of_at, stock.delivery_id, stock.row_number
),

flags as (
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
    select {{ flag_of('supplies', 'S-GONE', 'lot_number', 'lot_number', 'cast(as_of_at as date)') }}
    from gone
    where listing_status = 'not_restated'
    union all
    select {{ flag_of('supplies', 'S-KIND', 'storage_kind', 'storage_kind', 'other_kind') }}
    from gone
    where listing_status = 'other_kind'
    union all
    select
        {{ flag_of(
            'supplies', 'S-POINT', 'warehouse_lon', "concat('距', division_name, '中心', cast(round(distance_km) as integer), '千米')", "concat('不超过', cast(max_km as integer), '千米')"
        ) }}
    from far
)

{{ first_told('flags') }}
