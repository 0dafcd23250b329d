with

units as (
    select * from {{ ref('ref_reporting_units') }}
),

regions as (
    select
        region_code,
        name_zh as region_name_zh
    from units
    where unit_kind in ('province', 'joint')
),

-- reports about older events are below their parent all the same: what a unit says of them is not counted beside it
founded as (
    select
        unit_code,
        max(valid_to) as valid_from
    from {{ ref('ref_reporting_unit_former_parents') }}
    where parent_unit_code is null
    group by unit_code
)

select
    units.region_code,
    units.unit_code,
    units.parent_unit_code,
    units.unit_kind,
    units.report_level,
    units.name_zh,
    units.name_en,
    regions.region_name_zh,
    units.division_codes,
    units.is_additive,
    founded.valid_from,
    units.source
from units
left join regions on units.region_code = regions.region_code
left join founded on units.unit_code = founded.unit_code
