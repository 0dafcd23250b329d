-- Transfers and the receipts that name one, by the number they share: what was known of each at every moment at which anything about the
-- number changed, a transfer falling overdue among them.
with

reports as (
    select
        *,
        case when is_transfer then region_code else coalesce(counterpart_region_code, '') end as document_region_code,
        case when is_transfer then movement_id else related_movement_id end as document_id
    from {{ ref('fct_supply_movement_reports') }}
    where
        (is_transfer or direction = 1 and related_movement_id is not null)
        and (known_to is null or known_to > known_from)
),

rules as (
    select * from {{ ref('dim_resource_rules') }}
    where rule_code = 'transfer_receipt'
),

clock as (
    select * from {{ ref('dim_known_until') }}
),

overdue as (
    select
        reports.document_region_code,
        reports.document_id,
        cast({{ dbt.dateadd('day', 'rules.days + 1', 'cast(reports.moved_at as date)') }} as timestamp) as moment
    from reports
    inner join rules on {{ in_force('rules', 'cast(reports.moved_at as date)') }}
    where reports.is_transfer
),

moments as (
    select document_region_code, document_id, known_from as moment from reports
    union
    select document_region_code, document_id, known_to as moment from reports
    where known_to is not null
    union
    select overdue.document_region_code, overdue.document_id, overdue.moment
    from overdue
    -- a day on which nothing was reported any more is not known to have come
    inner join clock on overdue.moment <= clock.known_until
),

spans as (
    select
        *,
        lead(moment) over (partition by document_region_code, document_id order by moment) as shown_until
    from moments
)

select
    reports.*,
    spans.moment,
    spans.shown_until,
    cast(spans.moment as date) as as_of_day
from spans
inner join reports
    on
        spans.document_region_code = reports.document_region_code
        and spans.document_id = reports.document_id
        and spans.moment >= reports.known_from
        and spans.moment < coalesce(reports.known_to, {{ known_by() }})
