-- Summing the changes must give the numerator and denominator of the year table, NULL for NULL.
with

summed as (
    select
        region_code,
        year,
        indicator_id,
        denominator_vintage,
        sum(case when part = 'numerator' then value_change end) as numerator,
        sum(case when part = 'denominator' then value_change end) as denominator
    from {{ ref('agg_indicator_changes') }}
    group by 1, 2, 3, 4
)

select
    cells.region_code,
    cells.year,
    cells.indicator_id,
    cells.denominator_vintage,
    cells.numerator,
    summed.numerator as summed_numerator,
    cells.denominator,
    summed.denominator as summed_denominator
from {{ ref('agg_indicators_by_region_year') }} as cells
left join summed
    on
        cells.region_code = summed.region_code
        and cells.year = summed.year
        and cells.indicator_id = summed.indicator_id
        and cells.denominator_vintage = summed.denominator_vintage
where
    cells.numerator is distinct from summed.numerator
    or cells.denominator is distinct from summed.denominator
