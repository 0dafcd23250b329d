{{ config(materialized='as_of_table') }}

with

reports as (
    select * from {{ ref('fct_accident_reports') }}
)

select
    region_code,
    accident_id,
    occurred_at,
    grade_code,
    deaths_persons,
    deaths_counted_persons,
    is_counted,
    not_counted_reason,
    missing_persons,
    serious_injuries_persons,
    injured_persons,
    direct_loss_cny,
    is_grade_provisional,
    grade_name,
    late_deaths_persons,
    window_days,
    accident_name,
    accident_kind,
    place_code,
    report_stage,
    as_of_at,
    reported_at,
    known_from,
    report_number,
    delivery_id,
    row_number
from reports
where known_from < {{ known_by() }} and (known_to is null or known_to >= {{ known_by() }})
