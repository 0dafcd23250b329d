{#- The last value that is not NULL, up to and including the current report, in the order in which reports became known. -#}
{% macro last_known(column, keys) -%}
    {{ return(adapter.dispatch('last_known')(column, keys)) }}
{%- endmacro %}

{% macro default__last_known(column, keys) -%}
    last_value({{ column }} ignore nulls) over (
        partition by {{ keys | join(', ') }} order by report_number rows unbounded preceding
    )
{%- endmacro %}

{% macro spark__last_known(column, keys) -%}
    last_value({{ column }}) ignore nulls over (
        partition by {{ keys | join(', ') }} order by report_number rows unbounded preceding
    )
{%- endmacro %}
