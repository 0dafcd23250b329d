{{ config(materialized='as_of_table') }}

with

reports as (
    select * from {{ ref('fct_disaster_loss_reports') }}
    where known_from < {{ known_by() }} and (known_to is null or known_to >= {{ known_by() }})
),

units as (
    select * from {{ ref('dim_reporting_units') }}
),

events as (
    select * from {{ ref('dim_events') }}
),

named as (
    select
        reports.*,
        units.name_zh as unit_name_zh,
        units.is_additive,
        parents.unit_code is not null as has_parent_report
    from reports
    inner join units on reports.unit_code = units.unit_code
    left join reports as parents
        on
            reports.region_code = parents.region_code
            and reports.event_id = parents.event_id
            and units.parent_unit_code = parents.unit_code
)

select
    named.region_code,
    named.event_id,
    named.unit_code,
    named.report_stage,
    named.occurred_at,
    named.as_of_at,
    named.reported_at,
    named.known_from,
    named.affected_persons,
    named.deaths_persons,
    named.missing_persons,
    named.deaths_missing_persons,
    named.relocated_persons,
    named.direct_loss_cny,
    named.crop_affected_ha,
    named.houses_collapsed_count,
    named.houses_severely_damaged_count,
    named.crop_failed_ha,
    named.is_additive and not named.has_parent_report as is_counted,
    case
        when not named.is_additive then '三地合计数，不与各地数字相加'
        when named.has_parent_report then '上级单位已填报同一事件，避免重复计算'
    end as not_counted_reason,
    coalesce(named.event_name, named.event_id) as event_name,
    events.process_id,
    events.process_name_zh,
    named.disaster_kind,
    named.unit_name_zh,
    named.is_final,
    named.report_number,
    named.delivery_id,
    named.row_number
from named
inner join events on named.region_code = events.region_code and named.event_id = events.event_id
