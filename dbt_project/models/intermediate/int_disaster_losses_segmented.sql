-- How long each value of a metric stood, split where the parent unit began to report: from then on it is not added up.
with

versions as (
    select
        *,
        lead(known_from) over (
            partition by region_code, event_id, unit_code, metric order by report_number
        ) as known_to,
        lead(origin_delivery_id) over (
            partition by region_code, event_id, unit_code, metric order by report_number
        ) as ending_delivery_id
    from {{ ref('int_disaster_losses_versioned') }}
    where is_new
),

units as (
    select * from {{ ref('ref_reporting_units') }}
),

parents as (
    select * from {{ ref('int_disaster_losses_ordered') }}
    where report_number = 1
),

spans as (
    select
        versions.*,
        units.is_additive as is_unit_additive,
        parents.known_from as covered_from,
        parents.delivery_id as covering_delivery_id
    from versions
    inner join units on versions.unit_code = units.unit_code
    left join parents
        on
            versions.region_code = parents.region_code
            and versions.event_id = parents.event_id
            and units.parent_unit_code = parents.unit_code
    where versions.value is not null
)

select
    region_code,
    event_id,
    unit_code,
    metric,
    value,
    true as is_additive,
    known_from as starts_at,
    origin_delivery_id as starting_delivery_id,
    case when covered_from < known_to or known_to is null then covered_from else known_to end as ends_at,
    case
        when covered_from < known_to or known_to is null then covering_delivery_id
        else ending_delivery_id
    end as ending_delivery_id
from spans
where is_unit_additive and (covered_from is null or covered_from > known_from)
union all
select
    region_code,
    event_id,
    unit_code,
    metric,
    value,
    false as is_additive,
    case when covered_from > known_from then covered_from else known_from end as starts_at,
    case when covered_from > known_from then covering_delivery_id else origin_delivery_id end as starting_delivery_id,
    known_to as ends_at,
    ending_delivery_id
from spans
where not is_unit_additive or covered_from <= known_from or covered_from < known_to or (covered_from is not null and known_to is null)
