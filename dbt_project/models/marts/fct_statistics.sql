with

versions as (

    select * from {{ ref('int_statistics_versioned') }}

)

select
    -- ids
    region_code,
    cast(year as integer) as year,
    statistic_code,
    vintage,
    statistic_name,
    delivery_id,
    cast(row_number as bigint) as row_number,

    -- measures
    cast(value_published as decimal(24, 6)) as value_published,
    unit_published,
    cast(value as decimal(38, 6)) as value,
    base_unit as unit,
    cast(is_yearly_disaster as boolean) as is_yearly_disaster,
    definition_status,

    -- times
    cast(known_from as timestamp) as known_from,
    cast(known_to as timestamp) as known_to

from versions
