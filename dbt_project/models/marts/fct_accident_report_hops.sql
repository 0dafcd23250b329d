{{ config(materialized='incremental', incremental_strategy='touched', meta={'datasets': ['accidents']}) }}

select
    region_code,
    accident_id,
    cast(report_number as integer) as report_number,
    hop,
    hop_order,
    hop_name,
    report_stage,
    grade_code,
    is_required,
    departed_at,
    due_at,
    arrived_at,
    is_late,
    cast(minutes_late as integer) as minutes_late,
    not_judged_reason,
    max_minutes,
    rule_source,
    known_from,
    delivery_id,
    row_number
from {{ ref('int_accident_hops_judged') }}
