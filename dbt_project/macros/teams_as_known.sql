{#- One row per team as known before the bound of an as_of_table, judged on its as-of day. -#}
{% macro teams_as_known() %}
    select
        reports.*,
        clock.as_of_day,
        cast({{ days_between('reports.verified_at', 'clock.as_of_day') }} as integer) as days_since_verified,
        case
            when reports.verified_at is null or staleness.days is null then 'unknown'
            -- a day that has not come yet says nothing of when the team was last looked at
            when {{ days_between('reports.verified_at', 'clock.as_of_day') }} < 0 then 'unknown'
            when {{ days_between('reports.verified_at', 'clock.as_of_day') }} > staleness.days then 'unverified'
            else 'verified'
        end as verification_status,
        reports.certificate_valid_until >= clock.as_of_day as is_certificate_valid
    from {{ ref('fct_team_reports') }} as reports
    inner join (
        select {{ as_of_day('known_until') }} as as_of_day
        from {{ ref('dim_known_until') }}
    ) as clock on true
    left join {{ ref('dim_resource_rules') }} as staleness
        on staleness.rule_code = 'verification_staleness' and {{ in_force('staleness', 'clock.as_of_day') }}
    where {{ is_current_version('reports') }}
{% endmacro %}
