{#- Metrics of a disaster report that are carried from version to version: names, and name → SQL type. -#}
{% macro loss_metrics() -%}
    {{ return(loss_metric_types().keys() | list) }}
{%- endmacro %}

{% macro loss_metric_types() -%}
    {{ return(agreed_metrics('disaster_losses')) }}
{%- endmacro %}
