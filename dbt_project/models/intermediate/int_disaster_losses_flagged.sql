{{ config(materialized='incremental', incremental_strategy='touched', meta={'datasets': ['disaster_losses']}) }}

-- What the reports of one event show against each other. Findings across events: int_loss_outliers_flagged.
with

of_values as (
    select
        region_code, event_id, delivery_id, row_number, rule_id, metric, value, previous_value,
        cast(null as double) as suggested_factor, known_from
    from {{ ref('int_disaster_losses_fallen') }}
    union all
    select
        region_code, event_id, delivery_id, row_number, rule_id, metric, value, previous_value, suggested_factor, known_from
    from {{ ref('int_disaster_losses_jumped') }}
),

of_hops as (
    select
        region_code,
        event_id,
        delivery_id,
        row_number,
        concat('reported_', to_level, '_at') as column_name,
        cast(arrived_at as varchar) as value_text,
        cast(due_at as varchar) as compared_text,
        known_from
    from {{ ref('int_disaster_hops_judged') }}
    where is_late and is_first_clock_of_column
)

select
    'disaster_losses' as dataset,
    region_code,
    event_id,
    delivery_id,
    row_number,
    rule_id,
    metric as column_name,
    {{ plain_number_text('value') }} as value_text,
    {{ plain_number_text('previous_value') }} as compared_text,
    suggested_factor,
    known_from
from of_values
union all
select
    'disaster_losses' as dataset,
    region_code,
    event_id,
    delivery_id,
    row_number,
    rule_id,
    'report_stage' as column_name,
    report_stage as value_text,
    finding_zh as compared_text,
    cast(null as double) as suggested_factor,
    known_from
from {{ ref('int_disaster_losses_misordered') }}
union all
select
    'disaster_losses' as dataset,
    region_code,
    event_id,
    delivery_id,
    row_number,
    rule_id,
    column_name,
    value_text,
    compared_text,
    cast(null as double) as suggested_factor,
    known_from
from {{ ref('int_disaster_corrections_without_effect') }}
union all
select
    'disaster_losses' as dataset,
    region_code,
    event_id,
    delivery_id,
    row_number,
    'D-LATE' as rule_id,
    column_name,
    value_text,
    compared_text,
    cast(null as double) as suggested_factor,
    known_from
from of_hops
