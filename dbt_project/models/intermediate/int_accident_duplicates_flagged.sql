-- Both sides of a pair hear of it, on the report that made it a pair first, while it is one and people have not decided: a later report settles
-- nothing of it.
with

pairs as (
    select * from {{ ref('fct_accident_border_duplicates') }}
    where judged_by <> 'decision'
),

reports as (
    select * from {{ ref('fct_accident_reports') }}
),

sides as (
    select
        region_code,
        accident_id,
        other_region_code,
        other_accident_id,
        report_number,
        known_from,
        known_to
    from pairs
    union all
    select
        other_region_code as region_code,
        other_accident_id as accident_id,
        region_code as other_region_code,
        accident_id as other_accident_id,
        other_report_number as report_number,
        known_from,
        known_to
    from pairs
),

first_seen as (
    select
        *,
        first_value(report_number) over (
            partition by region_code, accident_id, other_region_code, other_accident_id order by known_from, report_number
        ) as first_report_number
    from sides
)

select
    'accidents' as dataset,
    first_seen.region_code,
    reports.delivery_id,
    reports.row_number,
    'A-DUP' as rule_id,
    'accident_id' as column_name,
    first_seen.accident_id as value_text,
    concat(first_seen.other_region_code, ' ', first_seen.other_accident_id) as compared_text,
    cast(null as double) as suggested_factor,
    first_seen.known_from,
    first_seen.known_to as cleared_at
from first_seen
inner join reports
    on
        first_seen.region_code = reports.region_code
        and first_seen.accident_id = reports.accident_id
        and first_seen.first_report_number = reports.report_number
where first_seen.known_to is null or first_seen.known_to > first_seen.known_from
