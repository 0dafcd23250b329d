{{ config(materialized='as_of_table') }}

-- Values of the units below that no nearer unit above them reports, added up beside the value of each unit above.
with

events as (
    {{ events_as_known() }}
),

known as (
    select
        versions.*,
        events.event_date
    from {{ ref('fct_disaster_loss_metric_versions') }} as versions
    inner join events
        on versions.region_code = events.region_code and versions.event_id = events.event_id
    where
        versions.known_from < {{ known_by() }}
        and (versions.known_to is null or versions.known_to >= {{ known_by() }})
        and versions.value is not null
),

ancestors as (
    select * from {{ ref('dim_reporting_unit_ancestors') }}
),

-- a county that was merged or split, and a unit that was not there yet, are missed by nobody
children as (
    select
        events.region_code,
        events.event_id,
        ancestors.ancestor_code as unit_code,
        count(*) as expected_count
    from events
    inner join ancestors on {{ is_valid_on('ancestors', 'events.event_date') }}
    inner join {{ ref('dim_reporting_units') }} as units
        on ancestors.unit_code = units.unit_code and events.region_code = units.region_code
    where
        ancestors.distance = 1
        and units.unit_kind <> 'former'
        and (units.valid_from is null or units.valid_from <= events.event_date)
    group by events.region_code, events.event_id, ancestors.ancestor_code
),

nearest as (
    select
        known.region_code,
        known.event_id,
        known.unit_code,
        known.metric,
        min(ancestors.distance) as distance
    from known
    inner join ancestors
        on
            known.unit_code = ancestors.unit_code
            and {{ is_valid_on('ancestors', 'known.event_date') }}
    inner join known as above
        on
            known.region_code = above.region_code
            and known.event_id = above.event_id
            and ancestors.ancestor_code = above.unit_code
            and known.metric = above.metric
    group by known.region_code, known.event_id, known.unit_code, known.metric
),

parts as (
    select
        known.region_code,
        known.event_id,
        ancestors.ancestor_code as unit_code,
        known.metric,
        max(known.unit) as unit,
        sum(known.value) as parts_value,
        count(*) as part_count,
        sum(case when ancestors.distance = 1 then 1 else 0 end) as reported_count,
        max(known.as_of_at) as parts_as_of_at,
        max(known.known_from) as parts_known_from
    from known
    inner join ancestors
        on
            known.unit_code = ancestors.unit_code
            and {{ is_valid_on('ancestors', 'known.event_date') }}
    left join nearest
        on
            known.region_code = nearest.region_code
            and known.event_id = nearest.event_id
            and known.unit_code = nearest.unit_code
            and known.metric = nearest.metric
    where nearest.distance is null or ancestors.distance <= nearest.distance
    group by known.region_code, known.event_id, ancestors.ancestor_code, known.metric
),

both_sides as (
    select
        parts.region_code,
        parts.event_id,
        parts.unit_code,
        parts.metric,
        parts.unit,
        known.value as unit_value,
        parts.parts_value,
        parts.part_count,
        parts.reported_count,
        coalesce(children.expected_count, 0) as expected_count,
        known.value - parts.parts_value as difference,
        known.as_of_at as unit_as_of_at,
        parts.parts_as_of_at,
        known.delivery_id,
        known.row_number,
        known.known_from,
        parts.parts_known_from
    from parts
    left join children
        on
            parts.region_code = children.region_code
            and parts.event_id = children.event_id
            and parts.unit_code = children.unit_code
    left join known
        on
            parts.region_code = known.region_code
            and parts.event_id = known.event_id
            and parts.unit_code = known.unit_code
            and parts.metric = known.metric
)

select
    region_code,
    event_id,
    unit_code,
    metric,
    unit_value,
    cast(parts_value as decimal(38, 4)) as parts_value,
    cast(difference as decimal(38, 4)) as difference,
    cast(part_count as integer) as part_count,
    cast(reported_count as integer) as reported_count,
    cast(expected_count as integer) as expected_count,
    {{ reconciliation_status() }} as status,
    unit_as_of_at,
    parts_as_of_at,
    delivery_id,
    row_number,
    known_from,
    parts_known_from
from both_sides
