{#- Schemas are exactly seeds, staging, intermediate, marts: partners and dashboards rely on the names. -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ (custom_schema_name or target.schema) | trim }}
{%- endmacro %}
