{{ config(materialized='incremental', incremental_strategy='touched', meta={'datasets': ['disaster_losses']}) }}

select
    region_code,
    event_id,
    unit_code,
    cast(report_number as integer) as report_number,
    clock_id,
    concat(from_level, '_to_', to_level) as hop,
    cast(from_order as integer) as hop_order,
    report_stage,
    is_required,
    departed_at,
    clock_starts_at,
    due_at,
    arrived_at,
    is_late,
    cast(minutes_late as integer) as minutes_late,
    not_judged_reason,
    rule_source,
    certainty,
    known_from,
    delivery_id,
    row_number
from {{ ref('int_disaster_hops_judged') }}
