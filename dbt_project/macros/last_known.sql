{#- The last value that is not NULL, up to and including the current report, in the order in which reports became known or in another one. -#}
{% macro last_known(column, keys, in_order='report_number') -%}
    {{ return(adapter.dispatch('last_known')(column, keys, in_order)) }}
{%- endmacro %}

{% macro default__last_known(column, keys, in_order) -%}
    last_value({{ column }} ignore nulls) over (
        partition by {{ keys | join(', ') }} order by {{ in_order }} rows unbounded preceding
    )
{%- endmacro %}

{% macro spark__last_known(column, keys, in_order) -%}
    last_value({{ column }}) ignore nulls over (
        partition by {{ keys | join(', ') }} order by {{ in_order }} rows unbounded preceding
    )
{%- endmacro %}
