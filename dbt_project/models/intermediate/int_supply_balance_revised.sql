-- What the balance of those statements came to at each of their moments: as fct_supply_balance, which says it of one day.
with

moments as (
    select * from {{ ref('int_supply_balance_moments') }}
),

statements as (
    select * from {{ ref('fct_supply_stock_reports') }}
    where not is_restated
),

known as (
    select
        moments.*,
        statements.as_of_at as stated_as_of_at,
        statements.stated_quantity,
        statements.unit,
        statements.delivery_id,
        statements.row_number,
        row_number() over (
            partition by {{ lot_columns('moments') }}, moments.as_of_at, moments.moment, statements.as_of_at = moments.as_of_at
            order by statements.as_of_at desc, statements.known_from desc, statements.delivery_id desc, statements.row_number desc
        ) as newest
    from moments
    inner join statements
        on
            {{ same_lot('moments', 'statements') }}
            and statements.as_of_at <= moments.as_of_at
            and statements.known_from <= moments.moment
            -- an earlier one opens nothing
            and (
                moments.newest_before_at is null
                or moments.newest_before_at >= moments.as_of_at
                or statements.as_of_at >= moments.newest_before_at
            )
),

pairs as (
    select
        closings.*,
        openings.stated_as_of_at as opening_as_of_at,
        openings.stated_quantity as opening_quantity,
        openings.unit as opening_unit
    from known as closings
    inner join known as openings
        on
            {{ same_lot('closings', 'openings') }}
            and closings.as_of_at = openings.as_of_at
            and closings.moment = openings.moment
    where
        closings.newest = 1 and closings.stated_as_of_at = closings.as_of_at
        and openings.newest = 1 and openings.stated_as_of_at < openings.as_of_at
),

moved as (
    select
        {{ lot_columns('pairs') }}, pairs.as_of_at, pairs.moment,
        count(case when movements.moved_at <= pairs.as_of_at and movements.unit <> pairs.unit then 1 end) as other_unit_count,
        count(case
            when movements.moved_at > pairs.as_of_at then 1
            when
                {{ names_only_a_day('movements.moved_at') }}
                and cast(movements.moved_at as date) = {{ day_of_moment('pairs.opening_as_of_at') }} then 1
        end) as undecided_count,
        sum(case when movements.moved_at <= pairs.as_of_at then movements.signed_quantity end) as moved_quantity
    from pairs
    inner join {{ ref('fct_supply_movement_reports') }} as movements
        on
            {{ same_lot('pairs', 'movements') }}
            and movements.known_from <= pairs.moment
            and (movements.known_to is null or movements.known_to > pairs.moment)
            and movements.moved_at > pairs.opening_as_of_at
            and (
                movements.moved_at <= pairs.as_of_at
                or {{ names_only_a_day('movements.moved_at') }} and cast(movements.moved_at as date) = {{ day_of_moment('pairs.as_of_at') }}
            )
    group by {{ lot_columns('pairs') }}, pairs.as_of_at, pairs.moment
)

select
    pairs.*,
    pairs.stated_quantity - pairs.opening_quantity - coalesce(moved.moved_quantity, 0) as balance_difference,
    coalesce(moved.other_unit_count, 0) = 0 and coalesce(moved.undecided_count, 0) = 0 and pairs.opening_unit = pairs.unit as is_comparable
from pairs
left join moved
    on {{ same_lot('pairs', 'moved') }} and pairs.as_of_at = moved.as_of_at and pairs.moment = moved.moment
