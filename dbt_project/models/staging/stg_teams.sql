select
    delivery_id,
    row_number,
    region_code,
    team_id,
    team_name,
    team_kind,
    team_type,
    team_level,
    equipment,
    tasks,
    base_division_code,
    base_lon,
    base_lat,
    -- the system of a point: without one it would be carried beside an older point and say something else of it
    case when base_lon is not null then base_datum end as base_datum,
    readiness,
    members_count,
    members_available_count,
    self_sufficiency_hours,
    response_minutes,
    certificate_valid_until,
    verified_at,
    as_of_at,
    reported_at,
    known_from
from {{ source('raw', 'teams') }} as landed
where {{ is_touched('teams') }}
