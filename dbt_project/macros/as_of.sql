{#- A mart as known before a moment (exclusive); the mart is materialized as `as_of_table`. -#}
{% macro as_of(relation, moment) -%}
    {{ relation.include(database=false).incorporate(path={'identifier': relation.identifier ~ '_as_of'}) }}({{ moment }})
{%- endmacro %}
