-- A dataset is added by adding files. Two lists cannot be made of what there is, since dbt has to see each ref: where they are short, flags
-- of a new dataset would never be told, or never end.
{%- set missing = [] -%}
{%- if execute -%}
    {#- versions of landed rows name until when they were known and the row they came from; these are made from such a mart -#}
    {%- set derived = ['fct_report_flags', 'fct_disaster_loss_metric_versions', 'fct_published_comparables'] -%}
    {%- set united = {} -%}
    {%- for node in graph.nodes.values() if node.name in ('int_reports_superseded', 'int_flags_united') -%}
        {%- do united.update({node.name: node.depends_on.nodes}) -%}
    {%- endfor -%}
    {%- for node in graph.nodes.values() if node.resource_type == 'model' -%}
        {%- set names = node.columns.keys() | list -%}
        {%- set is_of_versions = node.name.startswith('fct_') and 'known_to' in names and 'delivery_id' in names and 'row_number' in names -%}
        {%- if is_of_versions and node.name not in derived and node.unique_id not in united['int_reports_superseded'] -%}
            {%- do missing.append((node.name, 'int_reports_superseded')) -%}
        {%- endif -%}
        {%- if node.name.startswith('int_') and node.name.endswith('_flagged') and node.unique_id not in united['int_flags_united'] -%}
            {%- do missing.append((node.name, 'int_flags_united')) -%}
        {%- endif -%}
    {%- endfor -%}
{%- endif %}
{% for model, list in missing %}
select '{{ model }}' as model_name, '{{ list }}' as add_it_to
union all
{% endfor %}
select cast(null as varchar) as model_name, cast(null as varchar) as add_it_to where false
