-- Statements about lots that, while they are the last word, a newer statement of their warehouse does not list, or lists as another storage
-- kind (other_kind, while that is the last word of it). A lot may be here several times.
with

reports as (
    select
        *,
        {{ day_of_moment('as_of_at') }} as stated_day,
        coalesce(known_to, {{ known_by() }}) as stands_until
    from {{ ref('fct_supply_stock_reports') }}
    where stated_quantity > 0 and (known_to is null or known_to > known_from)
),

lots_of_several_kinds as (
    select region_code, warehouse_id, item_code, lot_number
    from reports
    where lot_number <> '未分批'
    group by region_code, warehouse_id, item_code, lot_number
    having min(storage_kind) <> max(storage_kind)
),

of_several_kinds as (
    select reports.*
    from reports
    inner join lots_of_several_kinds as lots
        on {{ same_goods('reports', 'lots') }}
)

select
    reports.*,
    cast(null as varchar) as other_kind,
    greatest(reports.known_from, days.later_known_from) as unlisted_from,
    reports.stands_until as unlisted_until
from reports
inner join {{ ref('int_supply_days_stated') }} as days
    on {{ same_stock('reports', 'days') }} and reports.stated_day = days.stated_day
where days.later_known_from < reports.stands_until
union all
select
    own.*,
    other.storage_kind as other_kind,
    greatest(own.known_from, other.known_from) as unlisted_from,
    least(own.stands_until, other.stands_until) as unlisted_until
from of_several_kinds as own
inner join of_several_kinds as other
    on
        {{ same_goods('own', 'other') }}
        and own.storage_kind <> other.storage_kind
        and own.stated_day < other.stated_day
        and own.known_from < other.stands_until
        and other.known_from < own.stands_until
