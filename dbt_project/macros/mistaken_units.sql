{#-
    The factor between two units of measurement that a ratio comes near to: 15 where a value looks 15 times too large, 1/15
    where it looks 15 times too small, NULL where the ratio is something else. Divide the value by it to get what was meant.
-#}
{% macro mistaken_factor(ratio, factor, tolerance) -%}
    case
        when {{ ratio }} between {{ factor }} * (1 - {{ tolerance }}) and {{ factor }} * (1 + {{ tolerance }}) then cast({{ factor }} as double)
        when 1 / {{ ratio }} between {{ factor }} * (1 - {{ tolerance }}) and {{ factor }} * (1 + {{ tolerance }}) then 1 / cast({{ factor }} as double)
    end
{%- endmacro %}

{#- The factor of a unit of measurement (mistaken.value) and how near a ratio must come to it (tolerance.value). -#}
{% macro join_mistaken_factor(unit, day) -%}
{{ join_parameter('mistaken_factor', 'mistaken', day) }}
        and mistaken.applies_to = {{ unit }}
    {{ join_parameter('factor_tolerance', 'tolerance', day) }}
        and tolerance.applies_to = {{ unit }}
{%- endmacro %}

{#- Median of the distances from the median: what a few wild values cannot move. -#}
{% macro robust_spread(column) -%}
    {{ return(adapter.dispatch('robust_spread')(column)) }}
{%- endmacro %}

{% macro default__robust_spread(column) -%}
    mad({{ column }})
{%- endmacro %}
