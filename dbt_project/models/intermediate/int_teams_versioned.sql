{%- set keys = ['region_code', 'team_id'] -%}
with

versions as (
    {{ state_versions(ref('stg_teams'), keys) }}
)

-- what a team is changes slowly and is carried; who is there now is not
select
    region_code,
    team_id,
    {%- for column in [
        'team_name', 'team_kind', 'team_type', 'team_level', 'equipment', 'tasks', 'base_division_code', 'base_lon', 'base_lat',
        'base_datum', 'members_count', 'self_sufficiency_hours', 'response_minutes', 'certificate_valid_until', 'verified_at'
    ] %}
    {{ carried_attribute(column, keys) }} as {{ column }},
    {%- endfor %}
    members_available_count,
    readiness,
    as_of_at,
    reported_at,
    known_from,
    known_to,
    is_superseded_on_arrival,
    report_number,
    delivery_id,
    row_number
from versions
