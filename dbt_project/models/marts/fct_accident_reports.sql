{{ config(materialized='incremental', incremental_strategy='touched', meta={'datasets': ['accidents']}) }}

with

versions as (
    select * from {{ ref('int_accidents_versioned') }}
),

graded as (
    select * from {{ ref('int_accidents_graded') }}
),

judged as (
    select * from {{ ref('int_accidents_judged') }}
),

labels as (
    select * from {{ ref('int_accidents_labelled') }}
),

typed as (
    select * from {{ ref('int_accidents_typed') }}
),

lines as (
    select * from {{ ref('int_accident_reporting_lines') }}
),

ordered as (
    select * from {{ ref('int_accidents_ordered') }}
),

resolved as (
    select * from {{ ref('int_divisions_resolved') }}
),

grades as (
    select * from {{ ref('ref_accident_grades') }}
)

select
    versions.region_code,
    versions.accident_id,
    versions.report_stage,
    versions.occurred_at,
    versions.as_of_at,
    versions.reported_at,
    versions.known_from,
    versions.known_to,
    graded.grade_code,
    versions.deaths_persons,
    versions.deaths_counted_persons,
    judged.not_counted_reason is null as is_counted,
    judged.not_counted_reason,
    versions.missing_persons,
    versions.serious_injuries_persons,
    versions.serious_injuries_counted_persons,
    versions.light_injuries_persons,
    versions.injured_persons,
    versions.direct_loss_cny,
    graded.is_grade_provisional,
    graded.grade_null_reason,
    grades.grade_name,
    versions.late_deaths_persons,
    versions.window_days,
    versions.window_ends_at,
    coalesce(versions.accident_name, versions.accident_id) as accident_name,
    versions.accident_kind,
    typed.accident_type_code,
    typed.accident_type_standard,
    typed.accident_type_name,
    typed.accident_type_family,
    typed.is_type_of_other_edition,
    typed.industry_code,
    typed.industry_section_code,
    typed.is_industry_trade,
    versions.place_code,
    coalesce(resolved.successor_code, versions.place_code) as place_current_code,
    typed.place_lon,
    typed.place_lat,
    typed.place_datum,
    typed.place_lon_wgs84,
    typed.place_lat_wgs84,
    {%- for column in accident_clock_columns() %}
    ordered.{{ column }},
    {%- endfor %}
    lines.administration as reporting_line,
    labels.figures_report_number,
    labels.figures_as_of_at,
    labels.is_superseded_on_arrival,
    ordered.is_repeated,
    cast(versions.report_number as integer) as report_number,
    versions.delivery_id,
    versions.row_number
from versions
inner join graded
    on
        versions.region_code = graded.region_code
        and versions.accident_id = graded.accident_id
        and versions.report_number = graded.report_number
inner join judged
    on
        versions.region_code = judged.region_code
        and versions.accident_id = judged.accident_id
        and versions.report_number = judged.report_number
inner join labels
    on
        versions.region_code = labels.region_code
        and versions.accident_id = labels.accident_id
        and versions.report_number = labels.report_number
inner join typed
    on
        versions.region_code = typed.region_code
        and versions.accident_id = typed.accident_id
        and versions.report_number = typed.report_number
inner join lines
    on
        versions.region_code = lines.region_code
        and versions.accident_id = lines.accident_id
        and versions.report_number = lines.report_number
inner join ordered
    on
        versions.region_code = ordered.region_code
        and versions.accident_id = ordered.accident_id
        and versions.report_number = ordered.report_number
left join resolved on versions.place_code = resolved.division_code
left join grades on graded.grade_code = grades.grade_code
