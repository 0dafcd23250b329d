-- Each new value of a metric beside the two values known before it, with what its report says about itself. A value taken
-- back leaves nothing to compare with.
{%- set by_metric = 'versions.region_code, versions.event_id, versions.unit_code, versions.metric' %}
with

versions as (
    select * from {{ ref('int_disaster_losses_versioned') }}
    where is_new
),

reports as (
    select * from {{ ref('int_disaster_losses_ordered') }}
),

names as (
    select * from {{ ref('stg_columns') }}
    where dataset = 'disaster_losses'
),

compared as (
    select
        versions.*,
        lag(versions.value) over (partition by {{ by_metric }} order by versions.report_number) as previous_value,
        lag(versions.value, 2) over (partition by {{ by_metric }} order by versions.report_number) as value_before_previous
    from versions
)

select
    compared.region_code,
    compared.event_id,
    compared.unit_code,
    compared.report_number,
    compared.metric,
    names.unit,
    compared.value,
    compared.previous_value,
    compared.value_before_previous,
    reports.report_stage,
    reports.explanation_code,
    reports.has_explanation,
    reports.delivery_id,
    reports.row_number,
    reports.known_from
from compared
inner join reports
    on
        compared.region_code = reports.region_code
        and compared.event_id = reports.event_id
        and compared.unit_code = reports.unit_code
        and compared.report_number = reports.report_number
left join names on compared.metric = names.column_name
