-- How long each value of a metric stood, split wherever a unit above, the nearest or any other one, began or ceased to
-- report that same metric: while one does, the value of the part is in that unit's and is not added up.
{%- set by_metric = 'region_code, event_id, unit_code, metric' %}
with

versions as (
    select
        *,
        case when value is null then 0 else 1 end - coalesce(lag(case when value is null then 0 else 1 end) over (
            partition by {{ by_metric }} order by report_number
        ), 0) as reported_change
    from {{ ref('int_disaster_losses_versioned') }}
    where is_new
),

units as (
    select * from {{ ref('ref_reporting_units') }}
),

ancestors as (
    select * from {{ ref('dim_reporting_unit_ancestors') }}
),

parts as (
    select distinct
        versions.region_code,
        versions.event_id,
        versions.unit_code,
        versions.metric,
        ancestors.ancestor_code
    from versions
    inner join {{ ref('dim_events') }} as events
        on versions.region_code = events.region_code and versions.event_id = events.event_id
    inner join ancestors
        on
            versions.unit_code = ancestors.unit_code
            and {{ is_valid_on('ancestors', 'events.event_date') }}
),

moments as (
    select
        {{ by_metric }},
        1 as is_own,
        value,
        0 as coverage_change,
        unit_code as told_by_unit_code,
        report_number,
        known_from,
        origin_delivery_id
    from versions
    union all
    select
        parts.region_code,
        parts.event_id,
        parts.unit_code,
        parts.metric,
        0 as is_own,
        cast(null as decimal(24, 4)) as value,
        above.reported_change as coverage_change,
        above.unit_code as told_by_unit_code,
        above.report_number,
        above.known_from,
        above.origin_delivery_id
    from parts
    inner join versions as above
        on
            parts.region_code = above.region_code
            and parts.event_id = above.event_id
            and parts.ancestor_code = above.unit_code
            and parts.metric = above.metric
    where above.reported_change <> 0
),

numbered as (
    select
        *,
        row_number() over (
            partition by {{ by_metric }} order by known_from, is_own, told_by_unit_code, report_number
        ) as moment_number
    from moments
),

counted as (
    select
        *,
        sum(is_own) over (partition by {{ by_metric }} order by moment_number rows unbounded preceding) as own_number,
        sum(coverage_change) over (
            partition by {{ by_metric }} order by moment_number rows unbounded preceding
        ) as covering_units
    from numbered
),

states as (
    select
        {{ by_metric }},
        max(case when is_own = 1 then value end) over (partition by {{ by_metric }}, own_number) as value,
        covering_units > 0 as is_covered,
        known_from as starts_at,
        origin_delivery_id as starting_delivery_id,
        lead(known_from) over (partition by {{ by_metric }} order by moment_number) as ends_at,
        lead(origin_delivery_id) over (partition by {{ by_metric }} order by moment_number) as ending_delivery_id
    from counted
)

select
    states.region_code,
    states.event_id,
    states.unit_code,
    states.metric,
    states.value,
    coalesce(units.is_additive, false) and not states.is_covered as is_additive,
    states.starts_at,
    states.starting_delivery_id,
    states.ends_at,
    states.ending_delivery_id
from states
left join units on states.unit_code = units.unit_code
where states.value is not null
