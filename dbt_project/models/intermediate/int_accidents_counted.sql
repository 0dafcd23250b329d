-- Deaths that count, as known with each report. Which rises came too late is judged anew with every report, over all
-- reports up to it, because the field of the accident, and with it the window, may only become known later.
{%- set speaks_first = 'is_final desc, as_of_at desc, report_number desc' %}
with

reports as (
    select * from {{ ref('int_accidents_ordered') }}
),

carried as (
    select
        region_code,
        accident_id,
        report_number,
        max(case when metric = 'deaths_persons' then value end) as deaths_persons,
        max(case when metric = 'late_deaths_persons' then value end) as late_deaths_persons
    from {{ ref('int_accidents_carried') }}
    group by region_code, accident_id, report_number
),

-- per report, the reports up to it that may raise the count; a cancellation says nothing of how many died
raising as (
    select
        reports.region_code,
        reports.accident_id,
        reports.report_number as seen_from,
        earlier.report_number,
        earlier.is_final,
        earlier.as_of_at,
        earlier.deaths_persons,
        earlier.late_deaths_persons
    from reports
    inner join reports as earlier
        on
            reports.region_code = earlier.region_code
            and reports.accident_id = earlier.accident_id
            and reports.report_number >= earlier.report_number
    where
        not earlier.is_cancellation
        and (not earlier.is_bound_by_window or reports.window_ends_at is null or earlier.as_of_at <= reports.window_ends_at)
),

ranked as (
    select
        *,
        row_number() over (
            partition by region_code, accident_id, seen_from
            order by case when deaths_persons is null then 1 else 0 end, {{ speaks_first }}
        ) as deaths_rank,
        row_number() over (
            partition by region_code, accident_id, seen_from
            order by case when late_deaths_persons is null then 1 else 0 end, {{ speaks_first }}
        ) as late_rank
    from raising
),

countable as (
    select
        region_code,
        accident_id,
        seen_from,
        max(case when deaths_rank = 1 then deaths_persons end) as deaths_persons,
        max(case when late_rank = 1 then late_deaths_persons end) as late_deaths_persons
    from ranked
    group by region_code, accident_id, seen_from
),

timely as (
    select
        carried.region_code,
        carried.accident_id,
        carried.report_number,
        {{ timely_deaths('carried.deaths_persons', 'carried.late_deaths_persons') }} as all_deaths_persons,
        {{ timely_deaths('countable.deaths_persons', 'countable.late_deaths_persons') }} as countable_deaths_persons
    from carried
    left join countable
        on
            carried.region_code = countable.region_code
            and carried.accident_id = countable.accident_id
            and carried.report_number = countable.seen_from
)

select
    region_code,
    accident_id,
    report_number,
    -- a fall always counts, a rise that first appears after the window does not
    case
        when countable_deaths_persons < all_deaths_persons then countable_deaths_persons
        else all_deaths_persons
    end as deaths_counted_persons
from timely
