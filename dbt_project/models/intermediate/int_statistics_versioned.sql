with

converted as (

    select * from {{ ref('int_statistics_converted') }}

),

-- a version with an empty value takes nothing back: it continues the run of the last published value
numbered as (

    select
        *,
        count(value_reported) over (
            partition by region_code, year, statistic_code, vintage
            order by known_from, delivery_id, row_number
            rows between unbounded preceding and current row
        ) as value_run,
        lead(known_from) over (
            partition by region_code, year, statistic_code, vintage
            order by known_from, delivery_id, row_number
        ) as known_to
    from converted

)

select
    *,
    max(value_reported) over (partition by region_code, year, statistic_code, vintage, value_run) as value
from numbered
