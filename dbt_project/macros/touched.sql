{#-
    A build works out anew only what its deliveries speak of. The entity of a dataset (what its rows are about: an accident,
    an event, a team) is said once, as `meta: {entity: [columns]}` of its source table; an entity is touched when a row of it
    came or went since the build this one was copied from. In a build from nothing everything is.

    In a staging model:  where {{ is_touched('accidents') }}
    In a mart by entity: {{ config(materialized='incremental', incremental_strategy='touched', meta={'datasets': ['accidents']}) }}

    Everything between the two holds touched entities only, so a mart that looks across entities reads marts.
-#}
{% macro is_touched(datasets) -%}
    {%- if flags.FULL_REFRESH -%}
        {%- do exceptions.raise_compiler_error(
            '--full-refresh would leave the touched entities only in every mart: run `jjj build --full`, which starts from an empty file') -%}
    {%- endif -%}
    {{ is_of_touched_entity(datasets if datasets is not string else [datasets], 'landed') }}
{%- endmacro %}

{#- The condition for rows of `alias`, NULL in an entity column being a value like any other. -#}
{% macro is_of_touched_entity(datasets, alias) -%}
{%- set entity = entity_of(datasets[0]) -%}
exists (
        select 1
        from (
            {%- for dataset in datasets %}
            select {{ entity | join(', ') }}
            from {{ landed_relation('raw', dataset) }}
            where delivery_id in (select delivery_id from {{ landed_relation('raw', 'touched_deliveries') }})
            union all
            select {{ entity | join(', ') }} from {{ landed_relation('removed', dataset) }}
            {%- if not loop.last %}
            union all
            {%- endif %}
            {%- endfor %}
        ) as touched
        where
            {%- for column in entity %}
            touched.{{ column }} is not distinct from {{ alias }}.{{ column }}
            {{- ' and' if not loop.last }}
            {%- endfor %}
    )
{%- endmacro %}

{% macro entity_of(dataset) -%}
    {%- if not execute -%}{{ return(['region_code']) }}{%- endif -%}
    {%- for node in graph.sources.values() if node.source_name == 'raw' and node.name == dataset and node.meta.get('entity') -%}
        {{ return(node.meta['entity']) }}
    {%- endfor -%}
    {%- do exceptions.raise_compiler_error(
        'source raw.' ~ dataset ~ ' does not say what its rows are about: give it `config: {meta: {entity: [columns]}}`') -%}
{%- endmacro %}

{#- By name and not by source(): a unit test gives the rows of its sources, and all of these are then touched or not at all. -#}
{% macro landed_relation(schema, table) -%}
    {{ return(api.Relation.create(database=target.database, schema=schema, identifier=table)) }}
{%- endmacro %}

{#- Out with every touched entity, also one of which no row is left, and in with what was worked out of those that are. -#}
{% macro get_incremental_touched_sql(arg_dict) %}
    {%- set columns = get_quoted_csv(arg_dict['dest_columns'] | map(attribute='name')) -%}
    {%- set meta = config.require('meta') -%}
    delete from {{ arg_dict['target_relation'] }} as held
    where
        {% if meta.get('touched_in') -%}
        {{ is_one_of(landed_relation('intermediate', meta['touched_in']), meta['entity'], 'held') }}
        {%- else -%}
        {{ is_of_touched_entity(meta['datasets'], 'held') }}
        {%- endif %};

    insert into {{ arg_dict['target_relation'] }} ({{ columns }})
    (select {{ columns }} from {{ arg_dict['temp_relation'] }})
{% endmacro %}

{#-
    For what is told against all that was known before it: a touched entity can have changed what became known after the first that was ever known of
    it, in its region, and nothing before. The condition for rows of `alias`, which are versions of entities with known_from.
-#}
{% macro is_known_since_touched(dataset, alias) -%}
(
        {{ is_of_touched_entity([dataset], alias) }}
        or {{ alias }}.known_from > (
            select min(touched_rows.known_from)
            from (
                select landed.region_code, landed.known_from
                from {{ landed_relation('raw', dataset) }} as landed
                where {{ is_of_touched_entity([dataset], 'landed') }}
                union all
                select region_code, known_from from {{ landed_relation('removed', dataset) }}
            ) as touched_rows
            where touched_rows.region_code = {{ alias }}.region_code
        )
    )
{%- endmacro %}

{% macro get_incremental_since_touched_sql(arg_dict) %}
    {%- set columns = get_quoted_csv(arg_dict['dest_columns'] | map(attribute='name')) -%}
    delete from {{ arg_dict['target_relation'] }} as held
    where {{ is_known_since_touched(config.require('meta')['datasets'][0], 'held') }};

    insert into {{ arg_dict['target_relation'] }} ({{ columns }})
    (select {{ columns }} from {{ arg_dict['temp_relation'] }})
{% endmacro %}

{#-
    In an as_of_table by touched entity: the condition for rows of `alias` that are of an entity in `touched`, a model with one row per touched entity and
    the columns `entity`. The marks are for `without_only_touched`: the macro beside the table is asked about all of them.
-#}
{% macro only_touched(touched, entity, alias) -%}
    /* only touched */ {{ is_one_of(touched, entity, alias) }} /* of all */
{%- endmacro %}

{% macro without_only_touched(sql) -%}
    {{ return(modules.re.sub('(?s)/[*] only touched [*]/.*?/[*] of all [*]/', 'true', sql)) }}
{%- endmacro %}

{% macro is_one_of(touched, entity, alias) -%}
exists (
        select 1
        from {{ touched }} as touched
        where
            {%- for column in entity %}
            touched.{{ column }} is not distinct from {{ alias }}.{{ column }}
            {{- ' and' if not loop.last }}
            {%- endfor %}
    )
{%- endmacro %}

{#- Every table of landed rows that the candidate has: one per standard, so that a new dataset is checked like the others. -#}
{% macro tables_of_landed_rows() -%}
    {%- if not execute -%}{{ return([landed_relation('raw', 'deliveries')]) }}{%- endif -%}
    {%- set tables = [] -%}
    {%- for name in run_query("select distinct dataset from raw.columns order by 1").columns[0].values() -%}
        {%- do tables.append(landed_relation('raw', name)) -%}
    {%- endfor -%}
    {{ return(tables) }}
{%- endmacro %}
