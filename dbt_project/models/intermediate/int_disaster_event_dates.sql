-- The day of an event as known at each moment at which it may have changed, as dim_events says it of the end of time: a date that its unit has
-- corrected speaks no more, and 24:00 of a day belongs to the day that ends.
with

reports as (
    select * from {{ ref('int_disaster_losses_ordered') }}
),

compared as (
    select
        *,
        lag(occurred_at) over (partition by region_code, event_id, unit_code order by report_number) as occurred_before,
        min(as_of_at) over (
            partition by region_code, event_id
            order by known_from, unit_code, report_number rows between unbounded preceding and 1 preceding
        ) as first_as_of_before
    from reports
),

moments as (
    select distinct
        region_code,
        event_id,
        known_from as moment
    from compared
    where first_as_of_before is null or as_of_at < first_as_of_before or occurred_at is distinct from occurred_before
),

dated as (
    select
        moments.region_code,
        moments.event_id,
        moments.moment,
        cast(coalesce(
            min(case when reports.known_to is null or reports.known_to > moments.moment then reports.occurred_at end),
            {{ dbt.dateadd('second', -1, 'min(reports.as_of_at)') }}
        ) as date) as event_date
    from moments
    inner join reports
        on
            moments.region_code = reports.region_code
            and moments.event_id = reports.event_id
            and moments.moment >= reports.known_from
    group by moments.region_code, moments.event_id, moments.moment
)

select
    region_code,
    event_id,
    event_date,
    moment as known_from,
    coalesce(lead(moment) over (partition by region_code, event_id order by moment), {{ known_by() }}) as known_until
from dated
