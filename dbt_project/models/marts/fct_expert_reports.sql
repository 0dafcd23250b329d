{{ config(materialized='incremental', incremental_strategy='touched', meta={'datasets': ['experts']}) }}

with

versions as (
    {{ state_versions(ref('stg_experts'), ['region_code', 'expert_id']) }}
)

select
    region_code,
    expert_id,
    specialty,
    employer,
    division_code,
    is_available,
    valid_until,
    as_of_at,
    reported_at,
    known_from,
    known_to,
    is_superseded_on_arrival,
    cast(report_number as integer) as report_number,
    delivery_id,
    row_number
from versions
