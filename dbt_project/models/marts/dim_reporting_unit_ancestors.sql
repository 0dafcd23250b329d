with recursive

units as (
    select * from {{ ref('ref_reporting_units') }}
),

steps as (
    select
        unit_code,
        parent_unit_code as ancestor_code,
        1 as distance
    from units
    where parent_unit_code is not null
    union all
    select
        steps.unit_code,
        units.parent_unit_code as ancestor_code,
        steps.distance + 1 as distance
    from steps
    inner join units on steps.ancestor_code = units.unit_code
    where units.parent_unit_code is not null
)

select
    unit_code,
    ancestor_code,
    cast(distance as integer) as distance
from steps
