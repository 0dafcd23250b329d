{{ config(
    materialized='as_of_table', incremental_strategy='touched',
    meta={'touched_in': 'int_supply_stock_touched', 'entity': stock_columns()}
) }}

with

statements as (
    select
        *,
        row_number() over (
            partition by {{ lot_columns() }}, as_of_at order by known_from desc, delivery_id desc, row_number desc
        ) as newest
    from {{ ref('fct_supply_stock_reports') }} as reports
    where
        known_from < {{ known_by() }}
        and not is_restated
        and {{ only_touched(ref('int_supply_stock_touched'), stock_columns(), 'reports') }}
),

pairs as (
    select
        *,
        lag(as_of_at) over (partition by {{ lot_columns() }} order by as_of_at) as opening_as_of_at,
        lag(stated_quantity) over (partition by {{ lot_columns() }} order by as_of_at) as opening_quantity,
        lag(unit) over (partition by {{ lot_columns() }} order by as_of_at) as opening_unit,
        lag(known_from) over (partition by {{ lot_columns() }} order by as_of_at) as opening_known_from
    from statements
    where newest = 1
),

-- one dated by its day alone stands at the last second of it: before or after a statement earlier that day nobody can say
movements as (
    select
        *,
        {{ names_only_a_day('moved_at') }} as is_of_a_day
    from {{ ref('fct_supply_movement_reports') }} as reports
    where
        {{ is_current_version('reports') }}
        and {{ only_touched(ref('int_supply_stock_touched'), stock_columns(), 'reports') }}
),

moved as (
    select
        {{ lot_columns('pairs') }},
        pairs.as_of_at,
        count(case when movements.moved_at <= pairs.as_of_at then 1 end) as movement_count,
        count(case when movements.moved_at <= pairs.as_of_at and movements.unit <> pairs.unit then 1 end) as other_unit_count,
        count(case
            when movements.moved_at > pairs.as_of_at then 1
            when movements.is_of_a_day and cast(movements.moved_at as date) = {{ day_of_moment('pairs.opening_as_of_at') }} then 1
        end) as undecided_count,
        max(movements.known_from) as moved_known_from,
        sum(case when movements.moved_at <= pairs.as_of_at and movements.direction = 1 then movements.quantity end) as in_quantity,
        sum(case when movements.moved_at <= pairs.as_of_at and movements.direction = -1 then movements.quantity end) as out_quantity
    from pairs
    inner join movements
        on
            {{ same_lot('pairs', 'movements') }}
            and movements.moved_at > pairs.opening_as_of_at
            and (
                movements.moved_at <= pairs.as_of_at
                or movements.is_of_a_day and cast(movements.moved_at as date) = {{ day_of_moment('pairs.as_of_at') }}
            )
    group by {{ lot_columns('pairs') }}, pairs.as_of_at
),

balanced as (
    select
        pairs.*,
        greatest(
            pairs.known_from, coalesce(pairs.opening_known_from, pairs.known_from), coalesce(moved.moved_known_from, pairs.known_from)
        ) as balance_known_from,
        coalesce(moved.movement_count, 0) as movement_count,
        coalesce(moved.in_quantity, 0) as in_quantity,
        coalesce(moved.out_quantity, 0) as out_quantity,
        coalesce(moved.undecided_count, 0) as undecided_count,
        coalesce(moved.other_unit_count, 0) = 0 and pairs.opening_unit = pairs.unit as is_comparable,
        pairs.stated_quantity - pairs.opening_quantity
        - coalesce(moved.in_quantity, 0) + coalesce(moved.out_quantity, 0) as difference
    from pairs
    left join moved on {{ same_lot('pairs', 'moved') }} and pairs.as_of_at = moved.as_of_at
)

select
    -- ids
    {{ lot_columns() }},
    item_name,
    case
        when opening_as_of_at is null then 'no_opening'
        when not is_comparable then 'units_differ'
        when difference = 0 then 'balanced'
        when undecided_count > 0 then 'undecided'
        else 'differs'
    end as balance_status,

    -- measures
    unit,
    opening_quantity,
    cast(case when is_comparable then in_quantity end as decimal(38, 6)) as in_quantity,
    cast(case when is_comparable then out_quantity end as decimal(38, 6)) as out_quantity,
    stated_quantity as closing_quantity,
    cast(case when is_comparable and (difference = 0 or undecided_count = 0) then difference end as decimal(38, 6)) as balance_difference,
    movement_count,

    -- times
    opening_as_of_at,
    as_of_at as closing_as_of_at,
    balance_known_from as known_from,
    delivery_id,
    row_number
from balanced
