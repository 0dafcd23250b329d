{{ config(materialized='incremental', incremental_strategy='touched', meta={'datasets': ['experts']}) }}

with

versions as (
    -- what an expert is is carried where a newer report is silent; who can be called now is not
    {{ carried_state_versions(
        ref('stg_experts'), ['region_code', 'expert_id'], ['is_available', 'reported_at'],
        ['specialty', 'employer', 'division_code', 'valid_until']
    ) }}
),

resolved as (
    select * from {{ ref('int_divisions_resolved') }}
)

select
    versions.region_code,
    versions.expert_id,
    versions.specialty,
    versions.employer,
    versions.division_code,
    resolved.successor_code as division_current_code,
    versions.is_available,
    versions.valid_until,
    versions.as_of_at,
    versions.reported_at,
    versions.known_from,
    versions.known_to,
    versions.is_superseded_on_arrival,
    versions.is_restated,
    cast(versions.report_number as integer) as report_number,
    versions.delivery_id,
    versions.row_number
from versions
left join resolved on versions.division_code = resolved.division_code
