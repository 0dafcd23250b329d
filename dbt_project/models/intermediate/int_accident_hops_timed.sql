-- Each hop that has a clock, with where it began and ended. How far a report must go is a matter of the grade that its own figures give:
-- nobody could send it further for what another report said.
with

reports as (
    select * from {{ ref('int_accidents_versioned') }}
),

lines as (
    select * from {{ ref('int_accident_reporting_lines') }}
),

graded as (
    select * from {{ ref('int_accident_reports_graded') }}
),

clocks as (
    select * from {{ ref('ref_reporting_clocks_accidents') }}
),

arrivals as (
    select * from {{ ref('int_accident_arrivals') }}
),

least_severe as (
    select max(grade_code) as grade_code from {{ ref('ref_accident_grades') }}
)

select
    reports.region_code,
    reports.accident_id,
    reports.report_number,
    clocks.hop,
    clocks.hop_order,
    clocks.hop_name,
    clocks.to_column,
    clocks.max_minutes,
    graded.grade_code,
    -- a hop that every grade must take needs no grade
    case
        when clocks.least_severe_grade_code = least_severe.grade_code then true
        else graded.grade_code <= clocks.least_severe_grade_code
    end as is_required,
    departures.arrived_at as departed_at,
    arrivals.arrived_at,
    clocks.source as rule_source,
    reports.report_stage,
    reports.known_from,
    reports.delivery_id,
    reports.row_number
from reports
inner join lines
    on
        reports.region_code = lines.region_code
        and reports.accident_id = lines.accident_id
        and reports.report_number = lines.report_number
inner join graded
    on
        reports.region_code = graded.region_code
        and reports.accident_id = graded.accident_id
        and reports.report_number = graded.report_number
inner join clocks
    on
        lines.administration = clocks.administration
        and reports.report_stage = clocks.stage_code
        and cast(reports.occurred_at as date) >= clocks.valid_from
        and (clocks.valid_to is null or cast(reports.occurred_at as date) < clocks.valid_to)
cross join least_severe
left join arrivals as departures
    on
        reports.region_code = departures.region_code
        and reports.accident_id = departures.accident_id
        and reports.report_number = departures.report_number
        and clocks.from_column = departures.level_column
left join arrivals
    on
        reports.region_code = arrivals.region_code
        and reports.accident_id = arrivals.accident_id
        and reports.report_number = arrivals.report_number
        and clocks.to_column = arrivals.level_column
