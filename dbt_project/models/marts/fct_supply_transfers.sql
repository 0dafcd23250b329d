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

named as (
    {{ supply_receipts_as_known() }}
),

receipts as (
    select
        region_code,
        warehouse_id,
        movement_id,
        count(case when candidate_count > 1 then 1 end) as undecided_count,
        count(case when candidate_count = 1 then 1 end) as receipt_count,
        sum(case when candidate_count = 1 then receipt_quantity end) as received_quantity,
        min(case when candidate_count = 1 then receipt_unit end) as least_unit,
        max(case when candidate_count = 1 then receipt_unit end) as greatest_unit,
        max(case when candidate_count = 1 then receipt_moved_at end) as received_at,
        max(case when candidate_count = 1 then receipt_known_from end) as receipt_known_from
    from named
    group by region_code, warehouse_id, movement_id
),

matched as (
    select
        movements.*,
        clock.as_of_day,
        coalesce(receipts.receipt_count, 0) as receipt_count,
        coalesce(receipts.undecided_count, 0) as undecided_count,
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
            and movements.warehouse_id = receipts.warehouse_id
            and movements.movement_id = receipts.movement_id
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
        -- something was received that may be this transfer or another one of the same number
        when undecided_count > 0 and coalesce(received_quantity, 0) < quantity then 'ambiguous'
        when receipt_count = 0 and as_of_day > due_date then 'overdue'
        when receipt_count = 0 then 'in_transit'
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
    cast(case when is_comparable and undecided_count = 0 then received_quantity - quantity end as decimal(38, 6)) as quantity_difference,
    receipt_count,
    undecided_count as undecided_receipt_count,

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
