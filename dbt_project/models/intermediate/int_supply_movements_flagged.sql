-- What the sender of a movement is told once the other side and the lot are known, from when to when what was known showed it.
with

transfers as (
    {{ supply_transfers_judged(ref('int_supply_documents_known'), ['moment']) }}
),

issued as (
    select
        *,
        coalesce(known_to, {{ known_by() }}) as stands_until
    from {{ ref('fct_supply_movement_reports') }}
    where movement_kind in ('出库', '调拨') and (known_to is null or known_to > known_from)
),

last_issue as (
    select cast(max(moved_at) as date) as issued_on
    from issued
),

-- only what had expired by the last day that anything was issued can be meant
lots as (
    select
        {{ lot_columns('reports') }},
        reports.expiry_date,
        reports.known_from,
        coalesce(reports.known_to, {{ known_by() }}) as stands_until
    from {{ ref('fct_supply_stock_reports') }} as reports
    inner join last_issue on reports.expiry_date < last_issue.issued_on
    where reports.known_to is null or reports.known_to > reports.known_from
),

expired as (
    select
        issued.region_code,
        issued.delivery_id,
        issued.row_number,
        issued.lot_number,
        lots.expiry_date,
        greatest(issued.known_from, lots.known_from) as both_known_from,
        nullif(least(issued.stands_until, lots.stands_until), {{ known_by() }}) as shown_until
    from issued
    inner join lots
        on
            {{ same_lot('issued', 'lots') }}
            and lots.expiry_date < {{ day_of_moment('issued.moved_at') }}
            and issued.known_from < lots.stands_until
            and lots.known_from < issued.stands_until
)

select {{ flag_of('supply_movements', 'S-TRANSIT', 'moved_at', 'cast(moved_at as date)', 'due_date', known_from='moment') }}
from transfers
where transfer_status = 'overdue'
union all
select {{ flag_of('supply_movements', 'S-MATCH', 'quantity', quantity_text('quantity'), quantity_text('shown_quantity'), known_from='moment') }}
from (
    select
        *,
        case when is_comparable then cast(received_quantity as decimal(38, 6)) end as shown_quantity
    from transfers
) as received
where transfer_status in ('differs', 'units_differ')
union all
select {{ flag_of('supply_movements', 'S-EXPOUT', 'lot_number', 'lot_number', 'expiry_date', known_from='both_known_from') }}
from expired
