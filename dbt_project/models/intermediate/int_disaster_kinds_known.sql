-- The main kind of disaster that an event was known to be, from when to when: what any unit stated last.
with

kinds as (
    select
        kind_code,
        coalesce(parent_kind_code, kind_code) as main_kind_code
    from {{ ref('ref_disaster_kinds') }}
),

stated as (
    select
        reports.region_code,
        reports.event_id,
        kinds.main_kind_code,
        reports.known_from,
        row_number() over (
            partition by reports.region_code, reports.event_id
            order by reports.known_from, reports.as_of_at, reports.delivery_id, reports.row_number
        ) as stated_order
    from {{ ref('fct_disaster_loss_reports') }} as reports
    inner join kinds on reports.disaster_kind = kinds.kind_code
),

compared as (
    select
        *,
        lag(main_kind_code) over (partition by region_code, event_id order by stated_order) as previous_kind_code
    from stated
)

select
    region_code,
    event_id,
    main_kind_code,
    known_from,
    coalesce(
        lead(known_from) over (partition by region_code, event_id order by stated_order), {{ known_by() }}
    ) as known_until
from compared
where main_kind_code is distinct from previous_kind_code
