{#-
    What came of each node, into the candidate itself (raw.dbt_results, one row per node, the last run of it): whoever runs
    dbt, a build can only be finished when its models ran on what it loaded and nothing failed.
-#}
{% macro record_results(results) %}
    {%- if execute and results %}
        {%- do run_query('create schema if not exists raw') %}
        {%- do run_query(
            'create table if not exists raw.dbt_results '
            ~ '(unique_id varchar, kind varchar, name varchar, status varchar, seconds double, failures bigint)') %}
        {%- set rows = [] %}
        {%- for result in results %}
            {%- do rows.append("('%s', '%s', '%s', '%s', %s, %s)" % (
                result.node.unique_id, result.node.resource_type, result.node.name, result.status,
                result.execution_time | round(3), 'null' if result.failures is none else result.failures)) %}
        {%- endfor %}
        {%- do run_query('delete from raw.dbt_results where unique_id in (select col0 from (values ' ~ rows | join(', ') ~ '))') %}
        {%- do run_query('insert into raw.dbt_results values ' ~ rows | join(', ')) %}
    {%- endif %}
{% endmacro %}
