-- Stock statements about which something became known after they were (a late or corrected movement, a late or corrected statement), each
-- with the moments at which its balance may have changed. Of all others the balance is what it was from the start.
{%- set lot = lot_columns() %}
with

statements as (
    select * from {{ ref('fct_supply_stock_reports') }}
    where not is_restated
),

movements as (
    select * from {{ ref('fct_supply_movement_reports') }}
),

stated as (
    select {{ lot }}, as_of_at, min(known_from) as first_known_from
    from statements
    group by {{ lot }}, as_of_at
),

-- the balance of a statement that did not come late itself is opened by the newest one known before it, or by one between the two
closings as (
    select
        *,
        max(as_of_at) over (
            partition by {{ lot }} order by first_known_from, as_of_at rows between unbounded preceding and 1 preceding
        ) as newest_before_at
    from stated
),

changes as (
    select {{ lot }}, as_of_at as speaks_of, as_of_at as matters_from, known_from as changed_at, known_from as stated_at
    from statements
    union all
    -- one dated by its day alone matters to every statement of that day
    select {{ lot }}, moved_at as speaks_of, cast(cast(moved_at as date) as timestamp) as matters_from, known_from as changed_at, null as stated_at
    from movements
    union all
    select {{ lot }}, moved_at as speaks_of, cast(cast(moved_at as date) as timestamp) as matters_from, known_to as changed_at, null as stated_at
    from movements
    where known_to > known_from
),

timed as (
    select
        *,
        min(stated_at) over (
            partition by {{ lot }} order by matters_from range between current row and unbounded following
        ) as first_stated_at
    from changes
),

affected as (
    select {{ lot_columns('closings') }}, closings.as_of_at, closings.newest_before_at, closings.first_known_from, late.changed_at
    from timed as late
    inner join closings
        on
            {{ same_lot('late', 'closings') }}
            and late.matters_from <= closings.as_of_at
            and late.changed_at > closings.first_known_from
            and (
                closings.newest_before_at is null
                or closings.newest_before_at >= closings.as_of_at
                or late.speaks_of >= closings.newest_before_at
            )
    where late.changed_at > late.first_stated_at
),

moments as (
    select {{ lot }}, as_of_at, newest_before_at, first_known_from as moment from affected
    union
    select {{ lot }}, as_of_at, newest_before_at, changed_at as moment from affected
)

select
    *,
    lead(moment) over (partition by {{ lot }}, as_of_at order by moment) as shown_until
from moments
