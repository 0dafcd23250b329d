{#-
    A table, and beside it the table macro <model>_as_of(known_by): the same SQL with `known_by()` as its parameter.
    A release holds marts only, so the SQL may read marts only. Contracts are enforced as for any table.

    A large one is worked out by touched entity: `incremental_strategy='touched'`, `meta={'touched_in': '<model>', 'entity': [columns]}`,
    where the model has one row per touched entity, and `only_touched` where the SQL reads its marts. The macro leaves that condition out.
-#}
{% materialization as_of_table, adapter='duckdb' %}
    {%- do assert_reads_marts_only() -%}
    {%- do assert_uses_known_by(compiled_code) -%}
    {%- set by_entity = config.get('incremental_strategy') == 'touched' -%}
    {%- set result = materialization_incremental_duckdb() if by_entity else materialization_table_duckdb() -%}
    {%- set of_all = without_only_touched(compiled_code) -%}
    {%- set contract_sql = get_select_subquery(of_all) if config.get('contract').enforced else of_all -%}
    {% call statement('as_of_macro') -%}
        create or replace macro {{ this.include(database=false).incorporate(path={'identifier': this.identifier ~ '_as_of'}) }}(known_by) as table (
            {{ contract_sql | replace(known_by(), 'known_by') }}
        )
    {%- endcall %}
    {%- do adapter.commit() -%}
    {{ return(result) }}
{% endmaterialization %}

{% macro assert_reads_marts_only() %}
    {%- set touched_in = (config.get('meta') or {}).get('touched_in') -%}
    {%- for parent in model.depends_on.nodes if graph.nodes[parent].schema != 'marts' and graph.nodes[parent].name != touched_in -%}
        {%- do exceptions.raise_compiler_error(
            model.name ~ ' is materialized as as_of_table and reads ' ~ parent ~ ', which no release holds: read marts only') -%}
    {%- endfor -%}
{% endmacro %}

{% macro assert_uses_known_by(sql) %}
    {%- if known_by() not in sql -%}
        {%- do exceptions.raise_compiler_error(
            model.name ~ ' is materialized as as_of_table and never uses known_by(): use it, or materialize a table') -%}
    {%- endif -%}
{% endmacro %}
