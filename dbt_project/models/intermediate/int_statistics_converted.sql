with

statistics as (

    select * from {{ ref('stg_statistics') }}

),

names as (

    select * from {{ ref('ref_statistics') }}

),

units as (

    select * from {{ ref('ref_units') }}

)

select
    -- ids
    statistics.delivery_id,
    statistics.row_number,
    statistics.region_code,
    statistics.year,
    names.statistic_code,
    statistics.statistic_name,
    statistics.vintage,
    names.base_unit,
    units.base_unit as unit_base_unit,
    names.is_yearly_disaster,
    names.definition_status,

    -- measures
    statistics.value as value_published,
    statistics.value_unit as unit_published,
    {{ to_base_unit('statistics.value', 'units.factor_numerator', 'units.factor_denominator') }} as value_reported,

    -- times
    statistics.known_from

from statistics
left join names on statistics.statistic_name = names.statistic_name
left join units on statistics.value_unit = units.unit
