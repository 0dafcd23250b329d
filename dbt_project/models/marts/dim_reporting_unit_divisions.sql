-- A unit covers what it names itself and what the units below it, in the tree of today, name; the code of a province or prefecture names none.
with

units as (
    select * from {{ ref('ref_reporting_units') }}
    where unit_kind <> 'joint'
),

ancestors as (
    select * from {{ ref('dim_reporting_unit_ancestors') }}
    where valid_to is null
),

counties as (
    select * from {{ ref('divisions') }}
    where level = 'county'
),

within as (
    select
        unit_code,
        unit_code as part_code
    from units
    union all
    select
        ancestor_code as unit_code,
        unit_code as part_code
    from ancestors
)

select distinct
    units.region_code,
    within.unit_code,
    units.unit_kind,
    counties.code as division_code,
    counties.name as division_name
from within
inner join units as parts on within.part_code = parts.unit_code
inner join units on within.unit_code = units.unit_code
inner join counties on concat(';', parts.division_codes, ';') like concat('%;', counties.code, ';%')
