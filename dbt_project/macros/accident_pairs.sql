{#- What is kept of two versions `a` and `b` of accidents of two regions that were known at the same time. -#}
{% macro accident_pair_columns() -%}
    a.region_code,
    a.accident_id,
    a.report_number,
    b.region_code as other_region_code,
    b.accident_id as other_accident_id,
    b.report_number as other_report_number,
    a.occurred_at,
    b.occurred_at as other_occurred_at,
    a.place_region_code,
    b.place_region_code as other_place_region_code,
    -- a day without an hour says nothing of minutes
    case
        when {{ stands_for_its_day('a.occurred_at') }} or {{ stands_for_its_day('b.occurred_at') }} then null
        else {{ minutes_between('a.occurred_at', 'b.occurred_at') }}
    end as minutes_apart,
    case when a.known_from >= b.known_from then a.known_from else b.known_from end as known_from,
    case when coalesce(a.known_to, b.known_to) <= coalesce(b.known_to, a.known_to) then coalesce(a.known_to, b.known_to)
        else coalesce(b.known_to, a.known_to) end as known_to
{%- endmacro %}

{% macro minutes_between(moment, other) -%}
    abs({{ dbt.datediff(moment, other, 'second') }}) / 60.0
{%- endmacro %}
