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

{#-
    Columns of a model that judges over time, whose findings something known later can clear: one row per stretch of time in which what was
    known shows the finding, `cleared_at` being the end of the stretch (NULL = it still shows). Stretches that touch are one flag
    (int_flags_united).
-#}
{% macro flag_stretch_columns() -%}
    {{ flag_columns() }}, cleared_at
{%- endmacro %}

{#- Nothing stated: what a union of `statements_with_repeated_key` begins with. -#}
{% macro no_statements() -%}
    select
        cast(null as varchar) as dataset, cast(null as varchar) as region_code, cast(null as varchar) as delivery_id,
        cast(null as bigint) as row_number, cast(null as timestamp) as known_from, cast(null as varchar) as key_text,
        cast(null as varchar) as column_name, cast(null as varchar) as value_text
    where false
{%- endmacro %}

{#-
    One row per agreed column of those rows of a dataset whose key another delivery states too, as known at the same moment. NULL in
    a key counts as a value.
-#}
{% macro statements_with_repeated_key(dataset, columns) -%}
    {%- set landed = source('raw', 'deliveries').incorporate(path={'identifier': dataset}) -%}
    {%- set key_columns = (columns.key + ['known_from']) | join(', ') -%}
    {%- set keyed = [] -%}
    {%- for column in columns.key -%}
        {%- do keyed.append(as_told_apart(dataset, column)) -%}
    {%- endfor -%}
    select
        '{{ dataset }}' as dataset, landed.region_code, landed.delivery_id, landed.row_number, landed.known_from,
        concat_ws(chr(31), {% for column in keyed %}coalesce(cast({{ column }} as varchar), chr(30)){{ ', ' if not loop.last }}{% endfor %}) as key_text,
        unnest([{% for column, type in columns.others %}'{{ column }}'{{ ', ' if not loop.last }}{% endfor %}]) as column_name,
        unnest([{% for column, type in columns.others %}{{ value_as_text('landed.' ~ column, type) }}{{ ', ' if not loop.last }}{% endfor %}]) as value_text
    from {{ landed }} as landed
    inner join (
        select {{ key_columns }}
        from (
            select {% for column in keyed %}{{ column }} as {{ columns.key[loop.index0] }}, {% endfor %}landed.known_from, landed.delivery_id
            from {{ landed }} as landed
        ) as keys
        group by {{ key_columns }}
        having count(distinct delivery_id) > 1
    ) as repeated
        on
            {%- for column in keyed %}
            {{ column }} is not distinct from repeated.{{ columns.key[loop.index0] }} and
            {%- endfor %}
            landed.known_from is not distinct from repeated.known_from
{%- endmacro %}

{#- A column of the key of a landed row as the marts tell rows apart by it: where staging takes a day for its 24:00, the two are one as-of. -#}
{% macro as_told_apart(dataset, column) -%}
    {{ return(
        at_the_end_of_its_day('landed.as_of_at') if column == 'as_of_at' and dataset in ('disaster_losses', 'supplies') else 'landed.' ~ column
    ) }}
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
