{#- What teams, supplies and experts share: their rows are the state of one thing as of one moment. -#}

{#-
    Versions of the state of a thing. Current is the newest state (as_of_at) among those known, the last known of equal
    ones; a report about an earlier moment that arrives late never becomes current (known_to = known_from).

    relation: has the keys, as_of_at, known_from, delivery_id, row_number.
    Gives its rows with report_number (order of becoming known), is_superseded_on_arrival and known_to.
-#}
{% macro state_versions(relation, keys) -%}
{%- set by_key = keys | join(', ') -%}
select
    *,
    case
        when is_superseded_on_arrival then known_from
        else min(case when not is_superseded_on_arrival then known_from end) over (
            partition by {{ by_key }} order by report_number rows between 1 following and unbounded following
        )
    end as known_to
from (
    select
        *,
        coalesce(as_of_at < max(as_of_at) over (
            partition by {{ by_key }} order by report_number rows between unbounded preceding and 1 preceding
        ), false) as is_superseded_on_arrival
    from (
        select
            *,
            row_number() over (
                partition by {{ by_key }} order by known_from, delivery_id, row_number
            ) as report_number
        from {{ relation }}
    ) as numbered
) as marked
{%- endmacro %}

{#- An attribute that a newer state leaves empty is still what was last said of it; a superseded state says its own only. -#}
{% macro carried_attribute(column, keys) -%}
    case
        when is_superseded_on_arrival then {{ column }}
        else {{ last_known(column, keys + ['is_superseded_on_arrival']) }}
    end
{%- endmacro %}

{#- Whether a version is the one known before the bound of an as_of_table. -#}
{% macro is_current_version(relation) -%}
    {{ relation }}.known_from < {{ known_by() }}
    and ({{ relation }}.known_to is null or {{ relation }}.known_to >= {{ known_by() }})
{%- endmacro %}

{#-
    The day of which "valid", "expired" and "stale" are meant: the day asked for. The table, which is asked without a day,
    means the day of the last thing known anywhere (dim_known_until): never the clock, so that a rebuild gives the same.
-#}
{% macro as_of_day(known_until) -%}
    case
        when {{ known_by() }} >= cast('9999-01-01 00:00:00' as timestamp) then cast({{ known_until }} as date)
        else cast({{ dbt.dateadd('second', -1, known_by()) }} as date)
    end
{%- endmacro %}

{#- Days from one date to another. -#}
{% macro days_between(earlier, later) -%}
    {{ dbt.datediff('cast(' ~ earlier ~ ' as date)', 'cast(' ~ later ~ ' as date)', 'day') }}
{%- endmacro %}

{#- Whether an effective-dated row is in force on a day: from valid_from to before valid_to. -#}
{% macro in_force(rules, day) -%}
    {{ day }} >= {{ rules }}.valid_from and ({{ rules }}.valid_to is null or {{ day }} < {{ rules }}.valid_to)
{%- endmacro %}

{#- One row for each part of a list in a text, as a select target. -#}
{% macro each_part(text, separator=';') -%}
    {{ return(adapter.dispatch('each_part')(text, separator)) }}
{%- endmacro %}

{% macro default__each_part(text, separator) -%}
    unnest(string_split({{ text }}, '{{ separator }}'))
{%- endmacro %}

{% macro spark__each_part(text, separator) -%}
    explode(split({{ text }}, '{{ separator }}'))
{%- endmacro %}

{#- The columns of a flag (int_<dataset>_flagged) about rows of a relation that has region_code, delivery_id, row_number, known_from. -#}
{% macro flag_of(dataset, rule_id, column_name, value, compared='null', known_from='known_from') -%}
    '{{ dataset }}' as dataset,
    region_code,
    delivery_id,
    row_number,
    '{{ rule_id }}' as rule_id,
    '{{ column_name }}' as column_name,
    cast({{ value }} as varchar) as value_text,
    cast({{ compared }} as varchar) as compared_text,
    cast(null as double) as suggested_factor,
    {{ known_from }} as known_from
{%- endmacro %}

{#- A quantity with its unit as people read it; NULL where there is none. -#}
{% macro quantity_text(quantity) -%}
    {{ readable_number('cast(' ~ quantity ~ ' as varchar)') }} || unit
{%- endmacro %}
