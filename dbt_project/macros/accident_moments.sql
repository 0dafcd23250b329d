{#- A moment declared to the day only stands at the last second of it (`partial: end` of the standard). NULL is no such moment. -#}
{% macro names_only_a_day(moment) -%}
    coalesce(
        cast({{ moment }} as timestamp)
        = {{ dbt.dateadd('second', '-1', dbt.dateadd('day', '1', 'cast(cast(' ~ moment ~ ' as date) as timestamp)')) }},
        false
    )
{%- endmacro %}

{#- "8月4日" and "8月4日24时" are one moment, and it is neither older nor newer than itself: a day stands at its 24:00, 0:00 of the next. -#}
{% macro at_the_end_of_its_day(moment) -%}
    case when {{ names_only_a_day(moment) }} then {{ dbt.dateadd('second', 1, moment) }} else {{ moment }} end
{%- endmacro %}

{#- The day to which a moment belongs that ends something: 24:00 of a day is landed as 0:00 of the next, and is of the day that ends. -#}
{% macro day_of_moment(moment) -%}
    cast({{ dbt.dateadd('second', -1, moment) }} as date)
{%- endmacro %}

{#- An occurrence declared to the day only stands at its first second (`partial: start` of the standard); so does one at midnight. -#}
{% macro stands_for_its_day(moment) -%}
    {{ moment }} = cast(cast({{ moment }} as date) as timestamp)
{%- endmacro %}
