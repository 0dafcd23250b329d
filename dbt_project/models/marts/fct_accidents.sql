{{ config(materialized='as_of_table') }}

with

reports as (
    select * from {{ ref('fct_accident_reports') }}
),

newest as (
    select * from reports
    where known_from < {{ known_by() }} and (known_to is null or known_to >= {{ known_by() }})
)

select
    newest.region_code,
    newest.accident_id,
    newest.occurred_at,
    newest.grade_code,
    newest.deaths_persons,
    newest.deaths_counted_persons,
    newest.is_counted,
    newest.not_counted_reason,
    newest.missing_persons,
    newest.serious_injuries_persons,
    newest.injured_persons,
    newest.direct_loss_cny,
    newest.is_grade_provisional,
    newest.grade_null_reason,
    newest.grade_name,
    newest.late_deaths_persons,
    newest.window_days,
    newest.accident_name,
    newest.accident_kind,
    newest.place_code,
    figures.report_stage,
    figures.as_of_at,
    figures.reported_at,
    figures.known_from,
    newest.known_from as last_report_known_from,
    figures.report_number,
    figures.delivery_id,
    figures.row_number
from newest
left join reports as figures
    on
        newest.region_code = figures.region_code
        and newest.accident_id = figures.accident_id
        and newest.figures_report_number = figures.report_number
