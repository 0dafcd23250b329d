{#-
    Metrics of a dataset and their SQL types, {name: type}, as its standard and the landed table have them (raw.columns and
    raw.<dataset>): a metric is agreed in one place, feeds/<dataset>/_standard.yml. One stands for all while dbt only parses.
-#}
{% macro agreed_metrics(dataset) -%}
    {%- if not execute -%}
        {{ return({'affected_persons': 'bigint'}) }}
    {%- endif -%}
    {%- set found = {} -%}
    {%- for row in run_query(
        "select agreed.column_name, lower(landed.data_type) from raw.columns as agreed "
        ~ "inner join information_schema.columns as landed on landed.table_schema = 'raw' "
        ~ "and landed.table_name = agreed.dataset and landed.column_name = agreed.column_name "
        ~ "where agreed.dataset = '" ~ dataset ~ "' and agreed.type in ('count', 'money', 'area') "
        ~ "order by landed.ordinal_position") -%}
        {%- do found.update({row[0]: row[1]}) -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}
