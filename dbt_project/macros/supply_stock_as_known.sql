{#-
    One row per lot (warehouse x item x lot x storage kind) as known before the bound of an as_of_table: the last statement,
    and what of it can be used on the as-of day. A lot may be used on its expiry date and not after it. Reserved stock of
    which nobody says how much it is leaves the available quantity unknown: it is at most what is on hand, and not 0.
    counted_*: what counts of the statement, by listing_status; of nothing, nothing is reserved or available.
-#}
{% macro supply_stock_as_known() %}
    select
        lots.*,
        case
            when lots.expiry_date is null then 'none_stated'
            when lots.days_to_expiry < 0 then 'expired'
            when lots.days_to_expiry <= near_expiry.days then 'near_expiry'
            else 'in_date'
        end as expiry_status,
        case
            when lots.days_to_expiry < 0 then lots.counted_on_hand_quantity
            else lots.counted_on_hand_quantity * 0
        end as expired_quantity,
        case
            when lots.days_to_expiry < 0 or lots.counted_on_hand_quantity = 0 then lots.counted_on_hand_quantity * 0
            else {{ not_below_zero('lots.counted_on_hand_quantity - lots.counted_reserved_quantity') }}
        end as available_quantity,
        case
            when lots.days_to_expiry < 0 then lots.counted_on_hand_quantity * 0
            else {{ not_below_zero('lots.counted_on_hand_quantity - coalesce(lots.counted_reserved_quantity, 0)') }}
        end as available_at_most_quantity,
        case
            when not lots.is_on_hand then concat(lots.storage_kind, '不计为在库')
            when lots.listing_status = 'other_kind' then '该批次已改列为其他储备方式，不再计入'
            when lots.days_to_expiry < 0 or lots.counted_on_hand_quantity = 0 then null
            when lots.counted_reserved_quantity is null then '预留数量不详'
        end as available_null_reason
    from (
        select
            listed.*,
            {{ counted_of_lot('listed.stated_quantity') }} as counted_quantity,
            {{ counted_of_lot('listed.on_hand_quantity') }} as counted_on_hand_quantity,
            -- of a lot that is gone nothing is reserved, also where nobody ever said how much was
            case
                when listed.listing_status = 'used_up' then cast(0 as decimal(38, 6)) else {{ counted_of_lot('listed.reserved_quantity') }}
            end as counted_reserved_quantity
        from ({{ supply_lots_listed() }}) as listed
    ) as lots
    left join {{ ref('dim_resource_rules') }} as near_expiry
        on near_expiry.rule_code = 'near_expiry' and {{ in_force('near_expiry', 'lots.as_of_day') }}
{% endmacro %}

{#- What counts of a quantity of a statement. NULL stays NULL: what is not on hand by kind does not become 0 by being used up. -#}
{% macro counted_of_lot(quantity) -%}
    case listed.listing_status when 'other_kind' then null when 'used_up' then {{ quantity }} * 0 else {{ quantity }} end
{%- endmacro %}

{#-
    The last statement of each lot, beside the newest one of its warehouse, day by day (kind by kind, since kinds may be stated apart).
    listing_status:
      listed        the newest day has it
      used_up       it does not, and the ledger since its own statement brings it to exactly 0
      other_kind    a newer statement of the warehouse has the same lot as another storage kind: it would count twice. Goods without lots
                    are no such thing, since what is kept beside another kind need not be the same goods
      not_restated  none of these: counted as last stated
-#}
{% macro supply_lots_listed() %}
    select
        lots.*,
        clock.as_of_day,
        cast({{ days_between('clock.as_of_day', 'lots.expiry_date') }} as integer) as days_to_expiry,
        lots.is_of_newest_day and not lots.is_of_other_kind as is_in_last_statement,
        {{ listing_status() }} as listing_status
    from ({{ supply_lots_placed() }}) as lots
    inner join (
        select {{ as_of_day('known_until') }} as as_of_day
        from {{ ref('dim_known_until') }}
    ) as clock on true
    left join (
        select
            {{ lot_columns('placed') }},
            {{ ledger_read('movements', 'placed.unit', 'placed.newest_at') }}
        from ({{ supply_lots_placed() }}) as placed
        inner join {{ ref('fct_supply_movement_reports') }} as movements
            on {{ same_lot('placed', 'movements') }} and movements.moved_at > placed.as_of_at
        where {{ is_current_version('movements') }}
        group by {{ lot_columns('placed') }}
    ) as moved on {{ same_lot('lots', 'moved') }}
{% endmacro %}

{#- Of a lot (`lots`) and what moved since its own statement (`moved`). -#}
{% macro listing_status() -%}
    case
        when lots.is_of_newest_day and not lots.is_of_other_kind then 'listed'
        {%- for reading in ledger_readings('', '') %}
        when
            coalesce(moved.{{ reading }}_other_unit_count, 0) = 0
            and lots.stated_quantity + coalesce(moved.{{ reading }}_quantity, 0) = 0
            then 'used_up'
        {%- endfor %}
        when lots.is_of_other_kind then 'other_kind'
        else 'not_restated'
    end
{%- endmacro %}

{#-
    What moved since the statement of a lot: by now, and by the newest statement of its warehouse. A movement dated by its day alone may lie
    before or after a statement earlier that day, so it is read both ways: the statement, which does not list the lot, speaks for the one
    that empties it. A unit that cannot be converted spoils a reading of which it is part, and no other.
-#}
{% macro ledger_readings(moved_at, newest_at) -%}
    {{ return({
        'now': 'true',
        'newest': moved_at ~ ' <= ' ~ newest_at,
        'newest_day': '(' ~ moved_at ~ ' <= ' ~ newest_at ~ ' or '
            ~ names_only_a_day(moved_at) ~ ' and cast(' ~ moved_at ~ ' as date) = ' ~ day_of_moment(newest_at) ~ ')',
    }) }}
{%- endmacro %}

{% macro ledger_read(movements, lot_unit, newest_at) -%}
    {%- for reading, is_meant in ledger_readings(movements ~ '.moved_at', newest_at).items() %}
            count(case when {{ is_meant }} and {{ movements }}.unit <> {{ lot_unit }} then 1 end) as {{ reading }}_other_unit_count,
            sum(case when {{ is_meant }} then {{ movements }}.signed_quantity end) as {{ reading }}_quantity{{ ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{% macro supply_lots_placed() %}
    select
        stated.*,
        {{ day_of_moment('stated.as_of_at') }} = {{ day_of_moment('stated.newest_at') }} as is_of_newest_day,
        stated.lot_number <> '未分批'
        and coalesce({{ day_of_moment('stated.as_of_at') }} < {{ day_of_moment('stated.newest_of_lot_at') }}, false) as is_of_other_kind
    from (
        select
            reports.*,
            max(reports.as_of_at) over (
                partition by reports.region_code, reports.warehouse_id, reports.storage_kind
            ) as newest_at,
            -- by any kind: the newest of its own kind is the row itself
            max(case when reports.stated_quantity > 0 then reports.as_of_at end) over (
                partition by reports.region_code, reports.warehouse_id, reports.item_code, reports.lot_number
            ) as newest_of_lot_at
        from {{ ref('fct_supply_stock_reports') }} as reports
        where {{ is_current_version('reports') }}
    ) as stated
{% endmacro %}

{#- greatest() is no help: it passes over NULL, and an unknown quantity would become 0. -#}
{% macro not_below_zero(quantity) -%}
    case when {{ quantity }} > 0 then {{ quantity }} when {{ quantity }} <= 0 then 0 end
{%- endmacro %}

{#- Of which warehouse, item and kind: what a statement is about, without the lot. -#}
{% macro stock_columns() -%}
    {{ return(['region_code', 'warehouse_id', 'item_code', 'storage_kind']) }}
{%- endmacro %}

{#- What one lot in one warehouse is, as columns and as a join. -#}
{% macro lot_columns(alias=none) -%}
    {%- for column in ['region_code', 'warehouse_id', 'item_code', 'lot_number', 'storage_kind'] -%}
        {{ alias ~ '.' if alias }}{{ column }}{{ ', ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}

{% macro same_lot(left, right) -%}
    {%- for column in ['region_code', 'warehouse_id', 'item_code', 'lot_number', 'storage_kind'] -%}
        {{ left }}.{{ column }} = {{ right }}.{{ column }}{{ ' and ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}

{#- The same lot, kept as any kind; and all of one kind in a warehouse. -#}
{% macro same_goods(left, right) -%}
    {%- for column in ['region_code', 'warehouse_id', 'item_code', 'lot_number'] -%}
        {{ left }}.{{ column }} = {{ right }}.{{ column }}{{ ' and ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}

{% macro same_stock(left, right) -%}
    {%- for column in ['region_code', 'warehouse_id', 'storage_kind'] -%}
        {{ left }}.{{ column }} = {{ right }}.{{ column }}{{ ' and ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}
