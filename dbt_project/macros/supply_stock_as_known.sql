{#-
    One row per lot (warehouse x item x lot x storage kind) as known before the bound of an as_of_table: the last statement,
    and what of it can be used on the as-of day. A lot may be used on its expiry date and not after it. Reserved stock of
    which nobody says how much it is leaves the available quantity unknown: it is at most what is on hand, and not 0.
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
        case when lots.days_to_expiry < 0 then lots.on_hand_quantity else lots.on_hand_quantity * 0 end as expired_quantity,
        case
            when lots.days_to_expiry < 0 then lots.on_hand_quantity * 0
            else {{ not_below_zero('lots.on_hand_quantity - lots.reserved_quantity') }}
        end as available_quantity,
        case
            when lots.days_to_expiry < 0 then lots.on_hand_quantity * 0
            else {{ not_below_zero('lots.on_hand_quantity - coalesce(lots.reserved_quantity, 0)') }}
        end as available_at_most_quantity,
        case
            when not lots.is_on_hand then concat(lots.storage_kind, '不计为在库')
            when lots.days_to_expiry >= 0 or lots.days_to_expiry is null
                then case when lots.reserved_quantity is null then '预留数量不详' end
        end as available_null_reason
    from (
        select
            reports.*,
            clock.as_of_day,
            cast({{ days_between('clock.as_of_day', 'reports.expiry_date') }} as integer) as days_to_expiry,
            cast(reports.as_of_at as date) = cast(max(reports.as_of_at) over (
                partition by reports.region_code, reports.warehouse_id, reports.storage_kind
            ) as date) as is_in_last_statement
        from {{ ref('fct_supply_stock_reports') }} as reports
        inner join (
            select {{ as_of_day('known_until') }} as as_of_day
            from {{ ref('dim_known_until') }}
        ) as clock on true
        where {{ is_current_version('reports') }}
    ) as lots
    left join {{ ref('dim_resource_rules') }} as near_expiry
        on near_expiry.rule_code = 'near_expiry' and {{ in_force('near_expiry', 'lots.as_of_day') }}
{% endmacro %}

{#- greatest() is no help: it passes over NULL, and an unknown quantity would become 0. -#}
{% macro not_below_zero(quantity) -%}
    case when {{ quantity }} > 0 then {{ quantity }} when {{ quantity }} <= 0 then 0 end
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
