{#-
    Key and other agreed columns of each dataset, from what the standards say in raw.columns:
    {dataset: {key: [names], others: [(name, type)]}}. Nothing is named here, so that a new dataset needs no line. Columns of personal
    data never reach raw. Empty where nothing is loaded: while dbt parses, compiles without a candidate, or a linter renders.
-#}
{% macro agreed_columns() %}
    {%- set found = {} -%}
    {%- if execute and adapter.get_relation(target.database, 'raw', 'columns') is not none -%}
        {%- set rows = run_query(
            'select dataset, column_name, type, key_position is not null from raw.columns '
            ~ 'where not is_personal order by dataset, key_position, column_name') -%}
        {%- for row in rows -%}
            {%- if row[0] not in found -%}
                {%- do found.update({row[0]: {'key': [], 'others': []}}) -%}
            {%- endif -%}
            {%- if row[3] -%}
                {%- do found[row[0]]['key'].append(row[1]) -%}
            {%- else -%}
                {%- do found[row[0]]['others'].append((row[1], row[2])) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(found) }}
{% endmacro %}

{#- Columns that every model of flags has, in this order (docs/architecture.md, Flags). -#}
{% macro flag_columns() -%}
    dataset, region_code, delivery_id, row_number, rule_id, column_name, value_text, compared_text, suggested_factor, known_from
{%- endmacro %}

{#- No flag, as one select without rows: what a union of flags begins with. -#}
{% macro no_flags() -%}
    select
        cast(null as varchar) as dataset, cast(null as varchar) as region_code, cast(null as varchar) as delivery_id,
        cast(null as bigint) as row_number, cast(null as varchar) as rule_id, cast(null as varchar) as column_name,
        cast(null as varchar) as value_text, cast(null as varchar) as compared_text,
        cast(null as double) as suggested_factor, cast(null as timestamp) as known_from
    where false
{%- endmacro %}

{#- Two rows are about the same thing, known at the same moment; NULL in a key counts as a value. -#}
{% macro same_key_and_moment(key, left, right) -%}
    {%- for column in key + ['known_from'] -%}
        {{ left }}.{{ column }} is not distinct from {{ right }}.{{ column }}{{ ' and ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}

{#-
    A value as text for people: 13,900,000,000.5. Separators also keep a sum of money from having the form of a mobile number,
    which no release may hold.
-#}
{% macro readable_number(text) -%}
    case
        when regexp_full_match({{ text }}, '-?[0-9]{1,18}([.][0-9]+)?')
            then concat(
                case when starts_with({{ text }}, '-') and try_cast(split_part({{ text }}, '.', 1) as bigint) = 0 then '-' else '' end,
                format('{:,}', try_cast(split_part({{ text }}, '.', 1) as bigint)),
                coalesce('.' || nullif(rtrim(split_part({{ text }}, '.', 2), '0'), ''), '')
            )
        else regexp_replace(
            {{ text }}, '(^|[^0-9A-Za-z])([0-9]{2})([0-9]{3})([0-9]{3})([0-9]{3})([^0-9A-Za-z]|$)', '\1\2,\3,\4,\5\6', 'g'
        )
    end
{%- endmacro %}

{#- Types of standards whose values are numbers. -#}
{% macro number_types() -%}
    ('count', 'money', 'area', 'number')
{%- endmacro %}

{#- A column of that type of a standard as text. -#}
{% macro value_as_text(column, type) -%}
    {%- set text = 'cast(' ~ column ~ ' as varchar)' -%}
    {{ readable_number(text) if "'" ~ type ~ "'" in number_types() else text }}
{%- endmacro %}

{#- What another delivery states, and which one. -#}
{% macro stated(column, type) -%}
    concat(coalesce({{ value_as_text(column, type) }}, '空'), '（报送 ', other.delivery_id, '）')
{%- endmacro %}
