-- The list of equipment of each version taken apart. A code that stands twice is counted together.
with

parts as (
    select
        region_code,
        team_id,
        report_number,
        {{ each_part('equipment') }} as part
    from {{ ref('int_teams_versioned') }}
    where equipment is not null
),

pairs as (
    select
        region_code,
        team_id,
        report_number,
        trim({{ dbt.split_part('part', "':'", 1) }}) as equipment_code,
        {{ count_of_part('part') }} as equipment_count
    from parts
)

select
    region_code,
    team_id,
    report_number,
    equipment_code,
    sum(equipment_count) as equipment_count
from pairs
group by region_code, team_id, report_number, equipment_code
