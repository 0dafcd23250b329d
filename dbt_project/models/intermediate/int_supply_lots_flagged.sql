-- S-GONE and S-KIND: a lot that the newest statement of its warehouse does not list, or lists as another storage kind, from when that is
-- known until the lot is stated again or the ledger uses it up: as fct_supply_stock, which says it of one day.
{%- set statement = lot_columns() ~ ', report_number' %}
with

unlisted as (
    select * from {{ ref('int_supply_lots_unlisted') }}
),

stated as (
    select * from {{ ref('int_supply_moments_stated') }}
),

ledger as (
    select * from {{ ref('int_supply_lots_moved') }}
),

-- which statement is the newest matters to what moved by it
moments as (
    select {{ statement }}, unlisted_from as moment from unlisted
    union
    select {{ statement }}, unlisted_until as moment from unlisted
    union
    select {{ statement }}, known_from as moment from ledger
    union
    select {{ statement }}, stands_until as moment from ledger
    union
    select {{ lot_columns('ledger') }}, ledger.report_number, stated.known_from as moment
    from ledger
    inner join stated on {{ same_stock('ledger', 'stated') }} and ledger.as_of_at < stated.as_of_at
),

spans as (
    select *, lead(moment) over (partition by {{ statement }} order by moment) as next_moment
    from moments
),

lots as (
    select
        {{ lot_columns('unlisted') }}, unlisted.report_number, spans.moment, unlisted.as_of_at, unlisted.stated_quantity,
        unlisted.delivery_id, unlisted.row_number,
        false as is_of_newest_day,
        count(unlisted.other_kind) > 0 as is_of_other_kind,
        min(unlisted.other_kind) as other_kind,
        nullif(min(spans.next_moment), {{ known_by() }}) as shown_until
    from unlisted
    inner join spans
        on
            {{ same_lot('unlisted', 'spans') }}
            and unlisted.report_number = spans.report_number
            and unlisted.unlisted_from <= spans.moment
            and unlisted.unlisted_until > spans.moment
    group by
        {{ lot_columns('unlisted') }}, unlisted.report_number, spans.moment, unlisted.as_of_at, unlisted.stated_quantity,
        unlisted.delivery_id, unlisted.row_number
),

moving as (
    select distinct {{ statement }} from ledger
),

newest as (
    select {{ lot_columns('lots') }}, lots.report_number, lots.moment, max(stated.as_of_at) as newest_at
    from lots
    inner join moving
        on {{ same_lot('lots', 'moving') }} and lots.report_number = moving.report_number
    inner join stated
        on {{ same_stock('lots', 'stated') }} and stated.known_from <= lots.moment and stated.as_of_at >= lots.as_of_at
    group by {{ lot_columns('lots') }}, lots.report_number, lots.moment
),

moved as (
    select
        {{ lot_columns('newest') }}, newest.report_number, newest.moment,
        {{ ledger_read('ledger', 'ledger.lot_unit', 'newest.newest_at') }}
    from newest
    inner join ledger
        on
            {{ same_lot('newest', 'ledger') }}
            and newest.report_number = ledger.report_number
            and ledger.known_from <= newest.moment
            and ledger.stands_until > newest.moment
    group by {{ lot_columns('newest') }}, newest.report_number, newest.moment
),

judged as (
    select lots.*, {{ listing_status() }} as listing_status
    from lots
    left join moved
        on {{ same_lot('lots', 'moved') }} and lots.report_number = moved.report_number and lots.moment = moved.moment
)

select {{ flag_of('supplies', 'S-GONE', 'lot_number', 'lot_number', day_of_moment('as_of_at'), known_from='moment') }}
from judged
where listing_status = 'not_restated'
union all
select {{ flag_of('supplies', 'S-KIND', 'storage_kind', 'storage_kind', 'other_kind', known_from='moment') }}
from judged
where listing_status = 'other_kind'
