{#- Metrics of a disaster report that are carried from version to version, as the standard names them. -#}
{% macro loss_metrics() -%}
    {{ return([
        'affected_persons', 'deaths_persons', 'missing_persons', 'deaths_missing_persons', 'relocated_persons',
        'direct_loss_cny', 'crop_affected_ha', 'crop_failed_ha', 'houses_collapsed_count', 'houses_severely_damaged_count',
    ]) }}
{%- endmacro %}
