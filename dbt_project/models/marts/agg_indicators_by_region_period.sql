{{ config(materialized='as_of_table') }}

with

grid as (select * from {{ ref('dim_indicator_grid') }} where period_id is not null),

known as (
    select
        region_code, year, indicator_id, denominator_vintage, part,
        case when sum(reported_change) > 0 then cast(sum(value_change) as double) end as amount
    from {{ ref('agg_indicator_changes') }}
    where known_from < {{ known_by() }}
    group by 1, 2, 3, 4, 5
),

yearly as (
    select
        grid.*, n.amount as n, d.amount as d,
        grid.ratio_factor * n.amount / nullif(d.amount, 0) as ratio
    from grid
    left join known as n
        on grid.region_code = n.region_code and grid.year = n.year and grid.indicator_id = n.indicator_id
        and grid.denominator_vintage = n.denominator_vintage and n.part = 'numerator'
    left join known as d
        on grid.region_code = d.region_code and grid.year = d.year and grid.indicator_id = d.indicator_id
        and grid.denominator_vintage = d.denominator_vintage and d.part = 'denominator'
),

-- unit, vintage and targets are the same in all years of a period: grouping by them only carries them
sums as (
    select
        region_code, period_id, indicator_id, denominator_vintage, unit, is_binding, is_newest_vintage,
        target_operator, target_value, target_status,
        national_target_operator, national_target_value, national_target_status,
        cast(min(year) as integer) as from_year,
        cast(max(year) as integer) as data_to_year,
        cast(count(ratio) as integer) as reported_years,
        cast(count(*) as integer) as expected_years,
        avg(ratio) as mean_reported,
        sum(ratio) / count(*) as mean_as_zero,
        max(ratio_factor) * sum(case when ratio is not null then n end) / sum(case when ratio is not null then d end)
            as total_reported,
        max(ratio_factor) * sum(n) / sum(d) as total_as_zero,
        count(case when d <> 0 then d end) = count(*) as has_all_denominators
    from yearly
    group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13
),

methods as (
    select *, 'mean_of_ratios' as method, mean_reported as reported, mean_as_zero as as_zero from sums
    union all
    select *, 'ratio_of_sums' as method, total_reported as reported, total_as_zero as as_zero from sums
),

valued as (
    select
        *,
        case when reported_years = expected_years then reported end as value,
        case when has_all_denominators then as_zero end as if_null_were_zero
    from methods
)

select
    v.region_code, v.period_id, v.from_year, v.data_to_year, v.indicator_id, v.denominator_vintage, v.method,
    v.value, v.unit,
    {{ indicator_status('v.value', 'v.target_operator', 'v.target_value', 'v.target_status') }} as status,
    v.reported as value_over_reported_years,
    v.if_null_were_zero as value_if_null_were_zero,
    v.reported_years, v.expected_years,
    v.is_newest_vintage, v.is_binding,
    v.target_operator, v.target_value, v.target_status, v.national_target_operator, v.national_target_value,
    {{ indicator_status('v.value', 'v.national_target_operator', 'v.national_target_value', 'v.national_target_status') }}
        as status_against_national_target,
    ({{ meets_target('v.reported', 'v.national_target_operator', 'v.national_target_value') }})
    = ({{ meets_target('v.if_null_were_zero', 'v.national_target_operator', 'v.national_target_value') }})
        as do_bounds_agree,
    figures.figure_id as published_figure_id,
    figures.published_value,
    {{ agrees_with_published('v.value', 'figures') }} as is_as_published
from valued as v
left join {{ ref('dim_published_figures') }} as figures
    on figures.link_mart = 'agg_indicators_by_region_period'
    and v.region_code = figures.link_region_code
    and v.period_id = figures.link_key
    and cast(v.indicator_id as varchar) = figures.link_metric
