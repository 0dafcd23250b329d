{#- Metrics of a disaster report that are carried from version to version: names, and name → SQL type. -#}
{% macro loss_metrics() -%}
    {{ return(loss_metric_types().keys() | list) }}
{%- endmacro %}

{% macro loss_metric_types() -%}
    {{ return(agreed_metrics('disaster_losses')) }}
{%- endmacro %}

{#- Names that people list with separators, as a;b: without blanks, and a full-width separator read as what it is. -#}
{% macro listed_names(text) -%}
    replace(replace(replace({{ text }}, '；', ';'), ' ', ''), '　', '')
{%- endmacro %}
