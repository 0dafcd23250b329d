-- Each criterion of the typing table against what the team states; NULL = the team does not say.
with

teams as (
    select * from {{ ref('int_teams_versioned') }}
),

minima as (
    select * from {{ ref('int_team_minima_listed') }}
),

equipment as (
    select * from {{ ref('int_team_equipment_counted') }}
),

stated as (
    select
        teams.region_code,
        teams.team_id,
        teams.report_number,
        minima.criterion,
        minima.least,
        minima.most,
        case minima.criterion
            when 'members_count' then teams.members_count
            when 'self_sufficiency_hours' then teams.self_sufficiency_hours
            when 'response_minutes' then teams.response_minutes
            -- a list of equipment that does not name something says that there is none
            else case
                when equipment.equipment_code is not null then equipment.equipment_count
                when teams.equipment is not null then 0
            end
        end as stated
    from teams
    inner join minima
        on
            teams.team_type = minima.team_type
            and teams.team_level = minima.level_code
            and {{ in_force('minima', 'cast(teams.as_of_at as date)') }}
    left join equipment
        on
            teams.region_code = equipment.region_code
            and teams.team_id = equipment.team_id
            and teams.report_number = equipment.report_number
            and minima.criterion = equipment.equipment_code
)

select
    *,
    stated >= coalesce(least, stated) and stated <= coalesce(most, stated) as is_met
from stated
