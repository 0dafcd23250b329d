-- Casualties that count, as known with each report: a fall always counts, a rise that first appears after the window and that nothing
-- explains does not. Who is still missing when a report speaks of a moment after the window counts as dead, and so does who was found
-- dead since: as many as were dead or missing within it. They count also where nothing is said of deaths, which is then not 0 but not known.
with

reports as (
    select
        *,
        max(case when not is_cancellation then as_of_at end) over (
            partition by region_code, accident_id order by report_number rows unbounded preceding
        ) as told_until
    from {{ ref('int_accidents_ordered') }}
),

seen as (
    select
        *,
        {{ still_missing('') }} as still_missing_persons,
        {{ still_missing('countable_') }} as countable_still_missing_persons
    from {{ ref('int_accident_casualties_seen') }}
),

with_the_missing as (
    select
        *,
        case
            when still_missing_persons > 0 then coalesce(deaths_persons, 0) + still_missing_persons
            else deaths_persons
        end as lost_persons,
        case
            when countable_still_missing_persons > 0 then coalesce(countable_deaths_persons, 0) + countable_still_missing_persons
            else countable_deaths_persons
        end as countable_lost_persons
    from seen
),

rules as (
    select * from {{ ref('ref_accident_counting_rules') }}
    where rule_code = 'missing_count_as_dead'
),

totals as (
    select
        reports.region_code,
        reports.accident_id,
        reports.report_number,
        seen.late_deaths_persons,
        seen.serious_injuries_persons,
        seen.countable_serious_injuries_persons,
        case when rules.rule_code is not null then seen.lost_persons else seen.deaths_persons end as deaths_persons,
        case
            when rules.rule_code is not null then seen.countable_lost_persons else seen.countable_deaths_persons
        end as countable_deaths_persons
    from reports
    left join with_the_missing as seen
        on
            reports.region_code = seen.region_code
            and reports.accident_id = seen.accident_id
            and reports.report_number = seen.report_number
    left join rules
        on
            reports.told_until > reports.window_ends_at
            and cast(reports.occurred_at as date) >= rules.valid_from
            and (rules.valid_to is null or cast(reports.occurred_at as date) < rules.valid_to)
),

counted as (
    select
        *,
        case when countable_deaths_persons < deaths_persons then countable_deaths_persons else deaths_persons end as counting_deaths_persons,
        case
            when countable_serious_injuries_persons < serious_injuries_persons then countable_serious_injuries_persons
            else serious_injuries_persons
        end as serious_injuries_counted_persons
    from totals
)

select
    region_code,
    accident_id,
    report_number,
    {{ timely_deaths('counting_deaths_persons', 'late_deaths_persons') }} as deaths_counted_persons,
    serious_injuries_counted_persons,
    deaths_persons > counting_deaths_persons as are_deaths_left_out,
    serious_injuries_persons > serious_injuries_counted_persons as are_serious_injuries_left_out
from counted
