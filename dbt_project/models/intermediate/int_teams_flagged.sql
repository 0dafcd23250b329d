-- What the sender of a report about a team is told, read with the lists and rules in force at its as-of time.
with

far as (
    select * from {{ ref('int_resource_points_measured') }}
    where dataset = 'teams' and distance_km > max_km
),

reports as (
    {{ with_told_again(ref('fct_team_reports'), ['region_code', 'team_id']) }}
),

stale as (
    select
        reports.*,
        rules.days
    from reports
    inner join {{ ref('ref_team_rules') }} as rules
        on rules.rule_code = 'verification_staleness' and {{ in_force('rules', 'cast(reports.as_of_at as date)') }}
    where {{ days_between('reports.verified_at', 'reports.as_of_at') }} > rules.days
),

unlisted as (
    select
        reports.*,
        codes.column_name,
        codes.code
    from reports
    inner join {{ ref('int_team_codes_stated') }} as codes
        on
            reports.region_code = codes.region_code
            and reports.team_id = codes.team_id
            and reports.report_number = codes.report_number
            and not codes.is_listed
),

flags as (
    select {{ flag_of('teams', 'T-STALE', 'verified_at', 'cast(verified_at as date)', "concat('超过', days, '日')") }}
    from stale
    union all
    select {{ flag_of('teams', 'T-CERT', 'certificate_valid_until', 'certificate_valid_until', 'cast(as_of_at as date)') }}
    from reports
    where certificate_valid_until < cast(as_of_at as date)
    union all
    select {{ flag_of('teams', 'T-MIN', 'team_level', 'team_level', 'typing_gaps') }}
    from reports
    where typing_status = 'below'
    union all
    select {{ flag_of('teams', 'T-CODE', 'tasks', 'code') }}
    from unlisted
    where column_name = 'tasks'
    union all
    select {{ flag_of('teams', 'T-CODE', 'equipment', 'code') }}
    from unlisted
    where column_name = 'equipment'
    union all
    select
        {{ flag_of(
            'teams', 'T-POINT', 'base_lon', "concat('距', division_name, '中心', cast(round(distance_km) as integer), '千米')", "concat('不超过', cast(max_km as integer), '千米')"
        ) }}
    from far
)

select
    {{ flag_stretch_columns() }}
from flags
