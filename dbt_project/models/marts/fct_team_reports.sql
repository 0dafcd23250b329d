{{ config(materialized='incremental', incremental_strategy='touched', meta={'datasets': ['teams']}) }}

with

versions as (
    select * from {{ ref('int_teams_versioned') }}
),

typed as (
    select * from {{ ref('int_teams_typed') }}
),

levels as (
    select * from {{ ref('ref_team_levels') }}
),

readiness as (
    select * from {{ ref('ref_team_readiness') }}
),

resolved as (
    select * from {{ ref('int_divisions_resolved') }}
)

select
    -- ids
    versions.region_code,
    versions.team_id,
    versions.team_name,
    versions.team_kind,
    versions.team_type,
    versions.team_level,
    levels.level_rank,
    versions.readiness,
    readiness.can_set_out as is_ready,
    versions.base_division_code,
    resolved.successor_code as base_division_current_code,
    {{ wgs84_lon('versions.base_lon', 'versions.base_lat', 'versions.base_datum') }} as base_lon_wgs84,
    {{ wgs84_lat('versions.base_lon', 'versions.base_lat', 'versions.base_datum') }} as base_lat_wgs84,
    versions.base_datum as base_datum_reported,

    -- measures
    versions.members_count,
    versions.members_available_count,
    versions.self_sufficiency_hours,
    versions.response_minutes,
    versions.equipment,
    versions.tasks,
    coalesce(typed.typing_status, 'no_minimum') as typing_status,
    typed.typing_gaps,

    -- times
    versions.certificate_valid_until,
    versions.verified_at,
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
left join typed
    on
        versions.region_code = typed.region_code
        and versions.team_id = typed.team_id
        and versions.report_number = typed.report_number
left join levels on versions.team_level = levels.level_code
left join readiness on versions.readiness = readiness.readiness_code
left join resolved on versions.base_division_code = resolved.division_code
