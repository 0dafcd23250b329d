{{ config(materialized='as_of_table') }}

with

movements as (
    select * from {{ ref('fct_supply_movement_reports') }} as reports
    where {{ is_current_version('reports') }}
),

clock as (
    select {{ as_of_day('known_until') }} as as_of_day
    from {{ ref('dim_known_until') }}
),

rules as (
    select * from {{ ref('dim_resource_rules') }}
    where rule_code = 'transfer_receipt'
),

-- a receipt names the transfer by the number its sender gave it, and where it came from
receipts as (
    select
        counterpart_region_code as region_code,
        related_movement_id as movement_id,
        region_code as receiver_region_code,
        item_code,
        count(*) as receipt_count,
        sum(quantity) as received_quantity,
        min(unit) as least_unit,
        max(unit) as greatest_unit,
        max(moved_at) as received_at,
        max(known_from) as receipt_known_from
    from movements
    where direction = 1 and related_movement_id is not null
    group by counterpart_region_code, related_movement_id, region_code, item_code
),

matched as (
    select
        movements.*,
        clock.as_of_day,
        receipts.receipt_count,
        receipts.received_at,
        receipts.receipt_known_from,
        cast({{ dbt.dateadd('day', 'rules.days', 'cast(movements.moved_at as date)') }} as date) as due_date,
        receipts.least_unit = movements.unit and receipts.greatest_unit = movements.unit as is_comparable,
        receipts.received_quantity
    from movements
    inner join clock on true
    left join rules on {{ in_force('rules', 'cast(movements.moved_at as date)') }}
    left join receipts
        on
            movements.region_code = receipts.region_code
            and movements.movement_id = receipts.movement_id
            and movements.counterpart_region_code = receipts.receiver_region_code
            and movements.item_code = receipts.item_code
    where movements.is_transfer
)

select
    -- ids
    region_code,
    movement_id,
    warehouse_id,
    item_code,
    lot_number,
    storage_kind,
    counterpart_region_code,
    counterpart_warehouse_id,
    counterpart_region_code <> region_code as is_cross_province,
    settlement_status,
    case
        when receipt_count is null and as_of_day > due_date then 'overdue'
        when receipt_count is null then 'in_transit'
        when not is_comparable then 'units_differ'
        -- a part that has arrived makes no difference while the rest may still come in time
        when received_quantity < quantity and as_of_day <= due_date then 'in_transit'
        when received_quantity = quantity then 'matched'
        else 'differs'
    end as transfer_status,

    -- measures
    unit,
    quantity,
    cast(case when is_comparable then received_quantity end as decimal(38, 6)) as received_quantity,
    cast(case when is_comparable then received_quantity - quantity end as decimal(38, 6)) as quantity_difference,
    coalesce(receipt_count, 0) as receipt_count,

    -- times
    as_of_day,
    moved_at,
    due_date,
    received_at,
    known_from,
    receipt_known_from,
    delivery_id,
    row_number
from matched
