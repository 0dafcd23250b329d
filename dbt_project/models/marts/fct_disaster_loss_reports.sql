{{ config(materialized='incremental', incremental_strategy='touched', meta={'datasets': ['disaster_losses']}) }}

{%- set metric_types = loss_metric_types() %}
with

reports as (
    select * from {{ ref('int_disaster_losses_ordered') }}
),

labels as (
    select * from {{ ref('int_disaster_losses_labelled') }}
),

metrics as (
    select
        region_code,
        event_id,
        unit_code,
        report_number,
        {%- for metric in metric_types %}
        max(case when metric = '{{ metric }}' then value end) as {{ metric }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('int_disaster_losses_versioned') }}
    group by region_code, event_id, unit_code, report_number
)

select
    reports.region_code,
    reports.event_id,
    reports.unit_code,
    reports.report_stage,
    cast(reports.stage_order as integer) as stage_order,
    reports.occurred_at,
    reports.as_of_at,
    reports.reported_at,
    reports.known_from,
    reports.known_to,
    {%- for metric, sql_type in metric_types.items() %}
    cast(metrics.{{ metric }} as {{ sql_type }}) as {{ metric }},
    {%- endfor %}
    reports.event_name,
    reports.disaster_kind,
    reports.ended_at,
    reports.explanation_code,
    reports.has_explanation,
    labels.figures_is_final = 1 as is_final,
    labels.figures_report_number,
    labels.figures_as_of_at,
    labels.is_superseded_on_arrival,
    cast(reports.report_number as integer) as report_number,
    reports.delivery_id,
    reports.row_number,
    reports.stated_unit_code
from reports
inner join labels
    on
        reports.region_code = labels.region_code
        and reports.event_id = labels.event_id
        and reports.unit_code = labels.unit_code
        and reports.report_number = labels.report_number
inner join metrics
    on
        reports.region_code = metrics.region_code
        and reports.event_id = metrics.event_id
        and reports.unit_code = metrics.unit_code
        and reports.report_number = metrics.report_number
