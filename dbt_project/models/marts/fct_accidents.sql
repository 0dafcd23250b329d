{{ config(materialized='as_of_table') }}

with

reports as (
    select * from {{ ref('fct_accident_reports') }}
),

newest as (
    select * from reports
    where known_from < {{ known_by() }} and (known_to is null or known_to >= {{ known_by() }})
),

-- an accident that another region counts; were there several, the first by code is named
counted_elsewhere as (
    select
        not_counted_region_code as region_code,
        not_counted_accident_id as accident_id,
        min(concat(counted_region_code, ' ', counted_accident_id)) as counted_as
    from {{ ref('fct_accident_border_duplicates') }}
    where
        not_counted_accident_id is not null
        and known_from < {{ known_by() }} and (known_to is null or known_to >= {{ known_by() }})
    group by not_counted_region_code, not_counted_accident_id
)

select
    newest.region_code,
    newest.accident_id,
    newest.occurred_at,
    newest.grade_code,
    newest.deaths_persons,
    newest.deaths_counted_persons,
    newest.is_counted and counted_elsewhere.counted_as is null as is_counted,
    case
        when newest.not_counted_reason is not null then newest.not_counted_reason
        when counted_elsewhere.counted_as is not null then '与相邻地区报告的是同一起，由事发地统计'
    end as not_counted_reason,
    counted_elsewhere.counted_as,
    newest.missing_persons,
    newest.serious_injuries_persons,
    newest.serious_injuries_counted_persons,
    newest.light_injuries_persons,
    newest.injured_persons,
    newest.direct_loss_cny,
    newest.is_grade_provisional,
    newest.grade_null_reason,
    newest.grade_name,
    newest.late_deaths_persons,
    newest.window_days,
    newest.window_ends_at,
    newest.accident_name,
    newest.accident_kind,
    newest.accident_type_code,
    newest.accident_type_standard,
    newest.accident_type_name,
    newest.accident_type_family,
    newest.is_type_of_other_edition,
    newest.industry_code,
    newest.industry_section_code,
    newest.is_industry_trade,
    newest.place_code,
    newest.place_current_code,
    newest.place_lon_wgs84,
    newest.place_lat_wgs84,
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
left join counted_elsewhere
    on newest.region_code = counted_elsewhere.region_code and newest.accident_id = counted_elsewhere.accident_id
