-- What the sender of a movement is told once the other side and the lot are known.
with

reports as (
    select * from {{ ref('fct_supply_movement_reports') }}
    where known_to is null
),

transfers as (
    select
        *,
        greatest(known_from, cast({{ dbt.dateadd('day', 1, 'due_date') }} as timestamp)) as overdue_from,
        -- too little is a difference once the rest is overdue, too much as soon as it is known
        case
            when quantity_difference < 0
                then greatest(known_from, receipt_known_from, cast({{ dbt.dateadd('day', 1, 'due_date') }} as timestamp))
            else greatest(known_from, receipt_known_from)
        end as differs_from
    from {{ ref('fct_supply_transfers') }}
),

lots as (
    select
        {{ lot_columns() }},
        expiry_date,
        known_from as lot_known_from
    from {{ ref('fct_supply_stock_reports') }}
    where known_to is null
),

issued as (
    select
        reports.*,
        lots.expiry_date,
        greatest(reports.known_from, lots.lot_known_from) as both_known_from
    from reports
    inner join lots on {{ same_lot('reports', 'lots') }}
    where reports.movement_kind in ('出库', '调拨') and lots.expiry_date < cast(reports.moved_at as date)
)

select {{ flag_of('supply_movements', 'S-TRANSIT', 'moved_at', 'cast(moved_at as date)', 'due_date', known_from='overdue_from') }}
from transfers
where transfer_status = 'overdue'
union all
select {{ flag_of('supply_movements', 'S-MATCH', 'quantity', quantity_text('quantity'), quantity_text('received_quantity'), known_from='differs_from') }}
from transfers
where transfer_status in ('differs', 'units_differ')
union all
select {{ flag_of('supply_movements', 'S-EXPOUT', 'lot_number', 'lot_number', 'expiry_date', known_from='both_known_from') }}
from issued
