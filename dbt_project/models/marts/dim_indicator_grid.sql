with

regions as (

    select distinct region_code
    from {{ ref('dim_reporting_units') }}
    where unit_kind = 'province'

),

years as (

    select * from {{ ref('ref_indicator_years') }}

),

-- only indicators that have a denominator statistic are computed from statistics
indicators as (

    select * from {{ ref('dim_indicators') }}
    where denominator_statistic is not null

),

vintages as (

    select * from {{ ref('ref_indicator_vintages') }}

),

periods as (

    select * from {{ ref('ref_indicator_periods') }}

),

statistics as (

    select * from {{ ref('ref_statistics') }}

),

targets as (

    select * from {{ ref('dim_indicator_targets') }}

)

select
    -- ids
    regions.region_code,
    years.year,
    indicators.indicator_id,
    vintages.vintage as denominator_vintage,
    periods.period_id,

    -- definition
    indicators.unit,
    indicators.numerator_statistic,
    statistics.definition_status as numerator_definition_status,
    indicators.numerator_fact_metric,
    indicators.denominator_statistic,
    indicators.ratio_factor,
    indicators.is_binding,
    vintages.vintage_rank,
    vintages.vintage_rank = 1 as is_newest_vintage,

    -- targets of the plan the year belongs to
    own.operator as target_operator,
    own.target_value,
    own.target_status,
    national.operator as national_target_operator,
    national.target_value as national_target_value,
    national.target_status as national_target_status

from regions
cross join years
cross join indicators
inner join vintages on indicators.denominator_statistic = vintages.statistic_code
left join statistics on indicators.numerator_statistic = statistics.statistic_code
left join periods on years.year between periods.from_year and periods.to_year
left join targets as own
    on regions.region_code = own.jurisdiction
    and indicators.indicator_id = own.indicator_id
    and periods.period_id = own.period_id
left join targets as national
    on national.jurisdiction = '000000'
    and indicators.indicator_id = national.indicator_id
    and periods.period_id = national.period_id
