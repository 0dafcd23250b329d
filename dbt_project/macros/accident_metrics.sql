{#- Metrics of an accident report that are carried from version to version, as the standard names them. -#}
{% macro accident_metrics() -%}
    {{ return([
        'deaths_persons', 'late_deaths_persons', 'missing_persons', 'serious_injuries_persons', 'injured_persons',
        'direct_loss_cny',
    ]) }}
{%- endmacro %}

{#- Deaths without those reported as late. A late figure above all deaths belongs to an older total and takes nothing off. -#}
{% macro timely_deaths(deaths, late_deaths) -%}
    case when {{ late_deaths }} <= {{ deaths }} then {{ deaths }} - {{ late_deaths }} else {{ deaths }} end
{%- endmacro %}
