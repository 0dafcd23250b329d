{{ config(materialized='as_of_table') }}

with

lots as (
    {{ supply_stock_as_known() }}
),

summed as (
    select
        region_code,
        item_code,
        unit,
        max(item_name) as item_name,
        max(as_of_day) as as_of_day,
        sum(counted_on_hand_quantity) as on_hand_quantity,
        sum(case when is_on_hand then counted_reserved_quantity end) as reserved_quantity,
        sum(expired_quantity) as expired_quantity,
        sum(available_quantity) as available_quantity,
        sum(available_at_most_quantity) as available_at_most_quantity,
        sum(
            case when expiry_status = 'near_expiry' then counted_on_hand_quantity else counted_on_hand_quantity * 0 end
        ) as near_expiry_quantity,
        sum(case when storage_kind = '产能' then counted_quantity end) as capacity_quantity,
        sum(case when storage_kind = '代储' then counted_quantity end) as contracted_quantity,
        count(counted_on_hand_quantity) as lot_count,
        count(available_quantity) as available_known_count,
        count(case when counted_on_hand_quantity > 0 and listing_status = 'not_restated' then 1 end) as not_restated_count,
        count(case when is_on_hand and listing_status = 'other_kind' then 1 end) as other_kind_count,
        min(case when days_to_expiry >= 0 and counted_on_hand_quantity > 0 then expiry_date end) as earliest_expiry_date,
        max(as_of_at) as as_of_at,
        max(known_from) as known_from
    from lots
    group by region_code, item_code, unit
)

select
    -- ids
    region_code,
    item_code,
    unit,
    item_name,

    -- measures
    case
        when coalesce(on_hand_quantity, 0) = 0 then 'none'
        when available_quantity > 0 then 'in_stock'
        when expired_quantity = on_hand_quantity then 'expired_only'
        when available_known_count < lot_count then 'unknown'
        else 'all_reserved'
    end as stock_status,
    cast(on_hand_quantity as decimal(38, 6)) as on_hand_quantity,
    cast(reserved_quantity as decimal(38, 6)) as reserved_quantity,
    cast(expired_quantity as decimal(38, 6)) as expired_quantity,
    cast(available_quantity as decimal(38, 6)) as available_quantity,
    cast(available_at_most_quantity as decimal(38, 6)) as available_at_most_quantity,
    cast(near_expiry_quantity as decimal(38, 6)) as near_expiry_quantity,
    cast(capacity_quantity as decimal(38, 6)) as capacity_quantity,
    cast(contracted_quantity as decimal(38, 6)) as contracted_quantity,
    lot_count,
    available_known_count,
    not_restated_count,
    other_kind_count,

    -- times
    earliest_expiry_date,
    as_of_day,
    as_of_at,
    known_from
from summed
