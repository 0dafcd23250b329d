{{ config(materialized='as_of_table') }}

with

teams as (
    {{ teams_as_known() }}
),

stated as (
    select
        *,
        {{ each_part('tasks') }} as part
    from teams
    where tasks is not null
),

-- a task that stands twice is one task
capabilities as (
    select
        *,
        trim(part) as task_code,
        row_number() over (partition by region_code, team_id, trim(part) order by part) as copy
    from stated
),

tasks as (
    select * from {{ ref('dim_team_tasks') }}
)

select
    -- ids
    capabilities.region_code,
    capabilities.team_id,
    capabilities.task_code,
    tasks.name_zh as task_name,
    capabilities.team_name,
    capabilities.team_type,
    capabilities.team_level,
    capabilities.level_rank,
    tasks.team_type is not null and tasks.team_type <> capabilities.team_type as is_outside_its_type,

    -- measures
    capabilities.is_ready,
    capabilities.verification_status,
    capabilities.is_certificate_valid,
    capabilities.members_available_count,
    capabilities.response_minutes,
    capabilities.base_division_code,
    capabilities.base_lon_wgs84,
    capabilities.base_lat_wgs84,

    -- times
    capabilities.as_of_day,
    capabilities.as_of_at,
    capabilities.known_from,
    capabilities.delivery_id,
    capabilities.row_number
from capabilities
left join tasks on capabilities.task_code = tasks.task_code
where capabilities.copy = 1
