-- Reports that give an accident another field and with it a shorter window, so that deaths counted before lie outside it.
with

reports as (
    select * from {{ ref('int_accidents_ordered') }}
    where not is_repeated
),

counted as (
    select * from {{ ref('int_accidents_counted') }}
),

deaths as (
    select * from {{ ref('int_accidents_carried') }}
    where metric = 'deaths_persons'
),

compared as (
    select
        reports.region_code,
        reports.accident_id,
        reports.report_number,
        reports.known_kind,
        reports.window_days,
        counted.deaths_counted_persons,
        -- a rise told after the shorter window does not count, and a supplement that outranked a final report there does no more
        counted.are_deaths_left_out
        or (
            not deaths.is_new and deaths.value < lag(deaths.value) over (
                partition by reports.region_code, reports.accident_id order by reports.report_number
            )
        ) as are_deaths_left_out,
        lag(reports.window_days) over (
            partition by reports.region_code, reports.accident_id order by reports.report_number
        ) as previous_window_days,
        lag(counted.deaths_counted_persons) over (
            partition by reports.region_code, reports.accident_id order by reports.report_number
        ) as previously_counted_persons
    from reports
    inner join counted
        on
            reports.region_code = counted.region_code
            and reports.accident_id = counted.accident_id
            and reports.report_number = counted.report_number
    inner join deaths
        on
            reports.region_code = deaths.region_code
            and reports.accident_id = deaths.accident_id
            and reports.window_number = deaths.window_number
            and reports.report_number = deaths.report_number
)

select
    region_code,
    accident_id,
    report_number,
    known_kind,
    window_days,
    cast(previously_counted_persons as bigint) as previously_counted_persons,
    cast(deaths_counted_persons as bigint) as deaths_counted_persons
from compared
where window_days < previous_window_days and are_deaths_left_out and deaths_counted_persons < previously_counted_persons
