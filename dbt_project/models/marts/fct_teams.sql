{{ config(materialized='as_of_table') }}

with

teams as (
    {{ teams_as_known() }}
)

select
    -- ids
    region_code,
    team_id,
    team_name,
    team_kind,
    team_type,
    team_level,
    level_rank,
    readiness,
    is_ready,
    verification_status,
    is_certificate_valid,
    base_division_code,
    base_division_current_code,
    base_lon_wgs84,
    base_lat_wgs84,
    base_datum_reported,

    -- measures
    members_count,
    members_available_count,
    self_sufficiency_hours,
    response_minutes,
    days_since_verified,
    typing_status,
    typing_gaps,
    equipment,
    tasks,

    -- times
    as_of_day,
    certificate_valid_until,
    verified_at,
    as_of_at,
    reported_at,
    known_from,
    report_number,
    delivery_id,
    row_number
from teams
