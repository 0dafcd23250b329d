with

grid as (

    select * from {{ ref('dim_indicator_grid') }}

),

-- an empty value takes nothing back, so only published values change anything
published as (

    select
        *,
        lag(value) over (
            partition by region_code, year, statistic_code, vintage
            order by known_from, delivery_id, row_number
        ) as previous_in_vintage,
        lag(value) over (
            partition by region_code, year, statistic_code
            order by known_from, delivery_id, row_number
        ) as previous_overall
    from {{ ref('fct_statistics') }}
    where value_published is not null

),

parts as (

    select
        grid.*,
        'numerator' as part,
        published.known_from,
        published.delivery_id,
        published.value,
        published.previous_overall as previous_value
    from grid
    inner join published
        on grid.region_code = published.region_code
        and grid.year = published.year
        and grid.numerator_statistic = published.statistic_code

    union all

    select
        grid.*,
        'denominator' as part,
        published.known_from,
        published.delivery_id,
        published.value,
        published.previous_in_vintage as previous_value
    from grid
    inner join published
        on grid.region_code = published.region_code
        and grid.year = published.year
        and grid.denominator_statistic = published.statistic_code
        and grid.denominator_vintage = published.vintage

)

select
    -- ids
    region_code,
    year,
    indicator_id,
    denominator_vintage,
    part,
    is_newest_vintage,
    delivery_id,

    -- measures
    cast(value - coalesce(previous_value, 0) as decimal(38, 6)) as value_change,
    case when previous_value is null then 1 else 0 end as reported_change,
    ratio_factor,
    unit,

    -- times
    known_from,
    cast(known_from as date) as known_on_date

from parts
where previous_value is null or value != previous_value
