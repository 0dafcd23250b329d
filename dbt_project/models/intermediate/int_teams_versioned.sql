{%- set keys = ['region_code', 'team_id'] -%}
{%- set columns = [
    'members_available_count', 'readiness', 'reported_at'
] -%}
{%- set carried = [
    'team_name', 'team_kind', 'team_type', 'team_level', 'equipment', 'tasks', 'base_division_code', 'base_lon',
    'base_lat', 'base_datum', 'members_count', 'self_sufficiency_hours', 'response_minutes',
    'certificate_valid_until', 'verified_at'
] -%}
-- what a team is changes slowly and is carried; who is there now is not
{{ carried_state_versions(ref('stg_teams'), keys, columns, carried) }}
