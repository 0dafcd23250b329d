{#- How the figure of a unit and the sum of those below it stand to each other; the order of the cases is their precedence. -#}
{% macro reconciliation_status() -%}
    case
        when unit_value is null then '本级未报'
        -- an area stands with four decimals: of each figure half a unit of the last one may be rounding (100亩 = 6.6667公顷)
        when abs(difference) <= case when unit = '公顷' then 0.00005 * (part_count + 1) else 0 end then '一致'
        when unit_as_of_at < parts_as_of_at then '本级数据较旧'
        when difference < 0 then '下级合计大于本级'
        when reported_count < expected_count then '下级未报齐'
        else '下级合计小于本级'
    end
{%- endmacro %}
