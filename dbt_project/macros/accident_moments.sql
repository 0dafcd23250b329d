{#- A moment declared to the day only stands at the last second of it (`partial: end` of the standard). NULL is no such moment. -#}
{% macro names_only_a_day(moment) -%}
    coalesce(
        cast({{ moment }} as timestamp)
        = {{ dbt.dateadd('second', '-1', dbt.dateadd('day', '1', 'cast(cast(' ~ moment ~ ' as date) as timestamp)')) }},
        false
    )
{%- endmacro %}

{#- An occurrence declared to the day only stands at its first second (`partial: start` of the standard); so does one at midnight. -#}
{% macro stands_for_its_day(moment) -%}
    {{ moment }} = cast(cast({{ moment }} as date) as timestamp)
{%- endmacro %}
