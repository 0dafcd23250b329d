with recursive

former_parents as (
    select * from {{ ref('ref_reporting_unit_former_parents') }}
    where parent_unit_code is not null
),

changed as (
    select
        unit_code,
        max(valid_to) as changed_on
    from former_parents
    group by unit_code
),

links as (
    select
        units.unit_code,
        units.parent_unit_code,
        changed.changed_on as valid_from,
        cast(null as date) as valid_to
    from {{ ref('ref_reporting_units') }} as units
    left join changed on units.unit_code = changed.unit_code
    where units.parent_unit_code is not null
    union all
    select
        unit_code,
        parent_unit_code,
        valid_from,
        valid_to
    from former_parents
),

-- a unit is below another one while every link between them holds
steps as (
    select
        unit_code,
        parent_unit_code as ancestor_code,
        1 as distance,
        valid_from,
        valid_to
    from links
    union all
    select
        steps.unit_code,
        links.parent_unit_code as ancestor_code,
        steps.distance + 1 as distance,
        case
            when links.valid_from is null or steps.valid_from > links.valid_from then steps.valid_from else links.valid_from
        end as valid_from,
        case when links.valid_to is null or steps.valid_to < links.valid_to then steps.valid_to else links.valid_to end as valid_to
    from steps
    inner join links on steps.ancestor_code = links.unit_code
    where
        coalesce(steps.valid_from < links.valid_to, true)
        and coalesce(links.valid_from < steps.valid_to, true)
)

select
    unit_code,
    ancestor_code,
    cast(distance as integer) as distance,
    valid_from,
    valid_to
from steps
