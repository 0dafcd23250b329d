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
    {{ until_newer_state(by_key) }} as known_to
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

{#-
    The same with attributes that are carried: one that a newer state leaves empty is still what was last said of it, by the
    state nearest before. So a late report about an earlier moment may say something new of the current state, which is
    then told again as of when that became known (`is_restated`, right after the late report). A superseded state says its own only.

    columns: those of the relation besides the keys, `carried`, as_of_at, known_from, delivery_id and row_number.
    Gives besides is_restated; report_number counts what is told again too.
-#}
{% macro carried_state_versions(relation, keys, columns, carried) -%}
{%- set by_key = keys | join(', ') -%}
{%- set of_state = columns + ['as_of_at', 'delivery_id', 'row_number'] -%}
with

arrived as (
    {{ state_versions(relation, keys) }}
),

told as (
    select
        *,
        {%- for column in carried %}
        max_by({{ column }}, {{ moment_and_order() }}) filter (where {{ column }} is not null) over arrivals as newest_{{ column }},
        {%- endfor %}
        max(case when not is_superseded_on_arrival then report_number end) over arrivals as state_number
    from arrived
    window arrivals as (partition by {{ by_key }} order by report_number rows unbounded preceding)
),

compared as (
    select
        *,
        {%- for column in carried %}
        lag(newest_{{ column }}) over arrivals as before_{{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from told
    window arrivals as (partition by {{ by_key }} order by report_number)
),

versions as (
    select
        {{ by_key }},
        {%- for column in carried %}
        case when is_superseded_on_arrival then {{ column }} else newest_{{ column }} end as {{ column }},
        {%- endfor %}
        {{ of_state | join(', ') }},
        known_from,
        is_superseded_on_arrival,
        false as is_restated,
        report_number as arrival_number
    from compared
    union all
    select
        {% for column in keys %}late.{{ column }}, {% endfor %}
        {%- for column in carried %}
        late.newest_{{ column }} as {{ column }},
        {%- endfor %}
        {% for column in of_state %}states.{{ column }}, {% endfor %}
        late.known_from,
        false as is_superseded_on_arrival,
        true as is_restated,
        late.report_number as arrival_number
    from compared as late
    inner join compared as states
        on
            {%- for column in keys %}
            late.{{ column }} is not distinct from states.{{ column }} and
            {%- endfor %}
            late.state_number = states.report_number
    where
        late.is_superseded_on_arrival
        and (
            {%- for column in carried %}
            {{ 'or ' if not loop.first }}late.newest_{{ column }} is distinct from late.before_{{ column }}
            {%- endfor %}
        )
),

numbered as (
    select
        *,
        row_number() over (partition by {{ by_key }} order by arrival_number, is_restated) as report_number
    from versions
)

select
    *,
    {{ until_newer_state(by_key) }} as known_to
from numbered
{%- endmacro %}

{#- Of two states of one moment the one that became known later is the newer. -#}
{% macro moment_and_order() -%}
    {{ return(adapter.dispatch('moment_and_order')()) }}
{%- endmacro %}

{% macro default__moment_and_order() -%}
    row(as_of_at, report_number)
{%- endmacro %}

{% macro spark__moment_and_order() -%}
    struct(as_of_at, report_number)
{%- endmacro %}

{% macro until_newer_state(by_key) -%}
    case
        when is_superseded_on_arrival then known_from
        else min(case when not is_superseded_on_arrival then known_from end) over (
            partition by {{ by_key }} order by report_number rows between 1 following and unbounded following
        )
    end
{%- endmacro %}

{#- Whether a version is the one known before the bound of an as_of_table. -#}
{% macro is_current_version(relation) -%}
    {{ relation }}.known_from < {{ known_by() }}
    and ({{ relation }}.known_to is null or {{ relation }}.known_to >= {{ known_by() }})
{%- endmacro %}

{#-
    The day of which "valid", "expired" and "stale" are meant: the day asked for. The table, which is asked without a day,
    means the day of the last report of anything (dim_known_until): never the clock, so that a rebuild gives the same.
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

{#-
    The number of a `code:count` pair. One that is longer than the standard allows is not a number of anything and stays unknown (a line
    may have landed before the rule about it): no cell of a sender may stop the build of all.
-#}
{% macro count_of_part(part) -%}
{%- set digits = dbt.split_part(part, "':'", 2) -%}
    case when length({{ digits }}) <= 9 then cast({{ digits }} as bigint) end
{%- endmacro %}

{#-
    The columns of a flag (int_<dataset>_flagged) about rows of a relation that has region_code, delivery_id, row_number, and says from when
    to when what was known showed it.
-#}
{% macro flag_of(dataset, rule_id, column_name, value, compared='null', known_from='known_from', shown_until='shown_until') -%}
    '{{ dataset }}' as dataset,
    region_code,
    delivery_id,
    row_number,
    '{{ rule_id }}' as rule_id,
    '{{ column_name }}' as column_name,
    cast({{ value }} as varchar) as value_text,
    cast({{ compared }} as varchar) as compared_text,
    cast(null as double) as suggested_factor,
    {{ known_from }} as known_from,
    cast({{ shown_until }} as timestamp) as cleared_at
{%- endmacro %}

{#-
    Versions of a state with `shown_until`: when a late report made the same line say something else, and what it showed is judged anew.
    That a newer state followed is no such thing.
-#}
{% macro with_told_again(versions, keys) -%}
    select
        versions.*,
        again.shown_until
    from {{ versions }} as versions
    left join (
        select
            {% for column in keys %}told.{{ column }}, {% endfor %}
            told.report_number,
            lead(told.known_from) over (
                partition by {% for column in keys %}told.{{ column }}, {% endfor %}told.delivery_id, told.row_number order by told.report_number
            ) as shown_until
        from {{ versions }} as told
        inner join (
            select distinct delivery_id, row_number
            from {{ versions }}
            where is_restated
        ) as restated on told.delivery_id = restated.delivery_id and told.row_number = restated.row_number
    ) as again
        on
            {%- for column in keys %}
            versions.{{ column }} = again.{{ column }}
            and
            {%- endfor %}
            versions.report_number = again.report_number
{%- endmacro %}

{#- A quantity with its unit as people read it; NULL where there is none. -#}
{% macro quantity_text(quantity) -%}
    {{ readable_number('cast(' ~ quantity ~ ' as varchar)') }} || unit
{%- endmacro %}
