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
    units.source
from units
left join regions on units.region_code = regions.region_code
