-- How long each value of a metric stood, split wherever the parent unit began or ceased to report that same metric:
-- while it does, the value of the part is in the parent's and is not added up.
{%- set by_metric = 'region_code, event_id, unit_code, metric' %}
with

versions as (
    select * from {{ ref('int_disaster_losses_versioned') }}
    where is_new
),

units as (
    select * from {{ ref('ref_reporting_units') }}
),

parts as (
    select distinct
        versions.region_code,
        versions.event_id,
        versions.unit_code,
        versions.metric,
        units.parent_unit_code
    from versions
    inner join units on versions.unit_code = units.unit_code
    where units.parent_unit_code is not null
),

moments as (
    select
        {{ by_metric }},
        1 as is_own,
        value,
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
        parents.value,
        parents.report_number,
        parents.known_from,
        parents.origin_delivery_id
    from parts
    inner join versions as parents
        on
            parts.region_code = parents.region_code
            and parts.event_id = parents.event_id
            and parts.parent_unit_code = parents.unit_code
            and parts.metric = parents.metric
),

numbered as (
    select
        *,
        row_number() over (partition by {{ by_metric }} order by known_from, is_own, report_number) as moment_number,
        sum(is_own) over (
            partition by {{ by_metric }} order by known_from, is_own, report_number rows unbounded preceding
        ) as own_number,
        sum(1 - is_own) over (
            partition by {{ by_metric }} order by known_from, is_own, report_number rows unbounded preceding
        ) as parent_number
    from moments
),

states as (
    select
        {{ by_metric }},
        max(case when is_own = 1 then value end) over (partition by {{ by_metric }}, own_number) as value,
        max(case when is_own = 0 then value end) over (partition by {{ by_metric }}, parent_number) is not null as is_covered,
        known_from as starts_at,
        origin_delivery_id as starting_delivery_id,
        lead(known_from) over (partition by {{ by_metric }} order by moment_number) as ends_at,
        lead(origin_delivery_id) over (partition by {{ by_metric }} order by moment_number) as ending_delivery_id
    from numbered
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
