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
    versions.injured_persons,
    versions.direct_loss_cny,
    graded.is_grade_provisional,
    graded.grade_null_reason,
    grades.grade_name,
    versions.late_deaths_persons,
    versions.window_days,
    coalesce(versions.accident_name, versions.accident_id) as accident_name,
    versions.accident_kind,
    versions.place_code,
    labels.figures_report_number,
    labels.figures_as_of_at,
    labels.is_superseded_on_arrival,
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
left join grades on graded.grade_code = grades.grade_code
