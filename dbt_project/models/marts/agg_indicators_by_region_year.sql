{{ config(materialized='as_of_table') }}

with

grid as (select * from {{ ref('dim_indicator_grid') }}),

-- what is known of each value by then; a row that comes later is kept to tell "not yet known" from "never delivered"
states as (
    select
        *,
        case
            when known_from >= {{ known_by() }} then 'not_yet_known'
            when value_published is null then 'not_published'
            else 'reported'
        end as state
    from {{ ref('fct_statistics') }}
),

-- first the latest published value, then the empty rows, then what comes later
ranked as (
    select
        *,
        row_number() over (
            partition by region_code, year, statistic_code, vintage
            order by {{ indicator_state_order() }}, known_from desc, delivery_id desc, row_number desc
        ) as rank_in_vintage,
        row_number() over (
            partition by region_code, year, statistic_code
            order by {{ indicator_state_order() }}, known_from desc, delivery_id desc, row_number desc
        ) as rank_overall
    from states
),

parts as (
    select
        grid.*,
        coalesce(n.state, 'not_delivered') as n_state,
        coalesce(d.state, 'not_delivered') as d_state,
        case when n.state = 'reported' then n.value end as numerator,
        case when d.state = 'reported' then d.value end as denominator,
        case when n.state != 'not_yet_known' then n.delivery_id end as numerator_delivery_id,
        case when d.state != 'not_yet_known' then d.delivery_id end as denominator_delivery_id,
        case when n.state = 'reported' and d.state = 'reported' then greatest(n.known_from, d.known_from) end as known_from
    from grid
    left join ranked as n
        on grid.region_code = n.region_code and grid.year = n.year
        and grid.numerator_statistic = n.statistic_code and n.rank_overall = 1
    left join ranked as d
        on grid.region_code = d.region_code and grid.year = d.year and grid.denominator_vintage = d.vintage
        and grid.denominator_statistic = d.statistic_code and d.rank_in_vintage = 1
),

valued as (
    select *, cast(ratio_factor * numerator as double) / nullif(denominator, 0) as value
    from parts
),

-- the sum over the events of the year, shown beside the official figure: nothing says that it is complete
facts as ({{ indicator_event_sums() }})

select
    v.region_code, v.year, v.indicator_id, v.denominator_vintage,
    v.numerator, v.denominator, v.value, v.unit,
    {{ indicator_status('v.value', 'v.target_operator', 'v.target_value', 'v.target_status') }} as status,
    case
        when v.d_state != 'reported' then 'denominator_' || v.d_state
        when v.denominator = 0 then 'denominator_zero'
        when v.n_state != 'reported' then 'numerator_' || v.n_state
    end as null_reason,
    case when v.n_state = 'reported' then 'official_yearly_statistic' end as numerator_source,
    case when v.d_state = 'reported' then 'official_yearly_statistic' end as denominator_source,
    case when v.n_state = 'reported' then 1 else 0 end as numerator_reported_count,
    1 as numerator_expected_count,
    case when v.d_state = 'reported' then 1 else 0 end as denominator_reported_count,
    1 as denominator_expected_count,
    v.is_newest_vintage, v.is_binding, v.period_id,
    v.target_operator, v.target_value, v.target_status, v.national_target_operator, v.national_target_value,
    v.numerator_definition_status as definition_status,
    facts.fact_numerator,
    coalesce(facts.fact_reported_count, 0) as fact_reported_count,
    coalesce(facts.fact_event_count, 0) as fact_event_count,
    v.known_from, v.numerator_delivery_id, v.denominator_delivery_id
from valued as v
left join facts
    on v.region_code = facts.region_code and v.year = facts.year and v.numerator_fact_metric = facts.metric
