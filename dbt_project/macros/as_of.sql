{#- A mart as known before a moment (exclusive); the mart is materialized as `as_of_table`. -#}
{% macro as_of(relation, moment) -%}
    {{ relation.include(database=false).incorporate(path={'identifier': relation.identifier ~ '_as_of'}) }}({{ moment }})
{%- endmacro %}

{#- The same inside the SQL of another mart with an as-of form: the name in full, which holds wherever a release is attached as `warehouse`. -#}
{% macro as_of_from_mart(mart, moment) -%}
    {%- do ref(mart) -%}
    {{ api.Relation.create(database=target.database, schema='marts', identifier=mart ~ '_as_of') }}({{ moment }})
{%- endmacro %}
