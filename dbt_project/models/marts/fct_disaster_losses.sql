{{ config(materialized='as_of_table') }}

{%- set metrics = loss_metrics() %}

with

reports as (
    select * from {{ ref('fct_disaster_loss_reports') }}
),

units as (
    select * from {{ ref('dim_reporting_units') }}
),

ancestors as (
    select * from {{ ref('dim_reporting_unit_ancestors') }}
),

events as (
    {{ events_as_known() }}
),

processes as (
    select * from {{ ref('dim_event_processes') }}
),

newest as (
    select * from reports
    where known_from < {{ known_by() }} and (known_to is null or known_to >= {{ known_by() }})
),

-- which metrics a unit above reports, the nearest or any other one: they are in its figure already
above as (
    select
        newest.region_code,
        newest.event_id,
        newest.unit_code,
        {%- for metric in metrics %}
        count(upper_unit.{{ metric }}) > 0 as has_{{ metric }}{{ ',' if not loop.last }}
        {%- endfor %}
    from newest
    inner join events on newest.region_code = events.region_code and newest.event_id = events.event_id
    inner join ancestors
        on
            newest.unit_code = ancestors.unit_code
            and {{ is_valid_on('ancestors', 'events.event_date') }}
    inner join newest as upper_unit
        on
            newest.region_code = upper_unit.region_code
            and newest.event_id = upper_unit.event_id
            and ancestors.ancestor_code = upper_unit.unit_code
    group by newest.region_code, newest.event_id, newest.unit_code
),

covered as (
    select
        newest.*,
        units.name_zh as unit_name_zh,
        coalesce(units.is_additive, false) as is_additive,
        concat({% for metric in metrics %}
            case when newest.{{ metric }} is not null and above.has_{{ metric }} then ';{{ metric }}' else '' end
            {{- ',' if not loop.last }}
        {%- endfor %}
        ) as covered_list,
        {% for metric in metrics %}
        {{- 'or ' if not loop.first }}(newest.{{ metric }} is not null and not coalesce(above.has_{{ metric }}, false))
        {% endfor %} as has_uncovered_metric
    from newest
    left join units on newest.unit_code = units.unit_code
    left join above
        on
            newest.region_code = above.region_code
            and newest.event_id = above.event_id
            and newest.unit_code = above.unit_code
)

select
    covered.region_code,
    covered.event_id,
    covered.unit_code,
    figures.report_stage,
    covered.occurred_at,
    figures.as_of_at,
    figures.reported_at,
    figures.known_from,
    {%- for metric in metrics %}
    covered.{{ metric }},
    {%- endfor %}
    covered.is_additive and (covered.covered_list = '' or covered.has_uncovered_metric) as is_counted,
    case
        when not covered.is_additive then '三地合计数，不与各地数字相加'
        when covered.covered_list <> '' and not covered.has_uncovered_metric then '上级单位已填报相同指标，避免重复计算'
    end as not_counted_reason,
    case when covered.covered_list <> '' then substr(covered.covered_list, 2) end as covered_metrics,
    coalesce(covered.event_name, covered.event_id) as event_name,
    coalesce(processes.process_id, concat(covered.region_code, ':', covered.event_id)) as process_id,
    coalesce(processes.process_name_zh, covered.event_name, covered.event_id) as process_name_zh,
    covered.disaster_kind,
    covered.unit_name_zh,
    covered.is_final,
    covered.known_from as last_report_known_from,
    figures.report_number,
    figures.delivery_id,
    figures.row_number
from covered
left join reports as figures
    on
        covered.region_code = figures.region_code
        and covered.event_id = figures.event_id
        and covered.unit_code = figures.unit_code
        and covered.figures_report_number = figures.report_number
left join processes on covered.region_code = processes.region_code and covered.event_id = processes.event_id
