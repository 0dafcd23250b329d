-- Movements since the last statement about each lot that is not listed any more, from when to when they were known as they are here.
with

unlisted as (
    select distinct {{ lot_columns() }}, report_number, as_of_at, unit
    from {{ ref('int_supply_lots_unlisted') }}
),

movements as (
    select * from {{ ref('fct_supply_movement_reports') }}
    where known_to is null or known_to > known_from
)

select
    {{ lot_columns('unlisted') }},
    unlisted.report_number,
    unlisted.as_of_at,
    unlisted.unit as lot_unit,
    movements.moved_at,
    movements.unit,
    movements.signed_quantity,
    movements.known_from,
    coalesce(movements.known_to, {{ known_by() }}) as stands_until
from unlisted
inner join movements on {{ same_lot('unlisted', 'movements') }} and movements.moved_at > unlisted.as_of_at
