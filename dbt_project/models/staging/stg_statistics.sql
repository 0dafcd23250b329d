with

landed as (

    select * from {{ source('raw', 'statistics') }}

)

select
    -- ids
    delivery_id,
    row_number,
    region_code,
    year,
    statistic_name,
    vintage,

    -- measures
    value,
    value_unit,

    -- times
    published_at,
    known_from,
    landed_at

from landed
