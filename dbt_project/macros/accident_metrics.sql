{#-
    Metrics of an accident report that are carried from version to version. Beside those of the standard: the deaths that
    are not reported as late, over all reports and over the reports that may raise the statistical count.
-#}
{% macro accident_metrics() -%}
    {{ return([
        'deaths_persons', 'late_deaths_persons', 'timely_deaths_persons', 'countable_deaths_persons', 'missing_persons',
        'serious_injuries_persons', 'injured_persons', 'direct_loss_cny',
    ]) }}
{%- endmacro %}
