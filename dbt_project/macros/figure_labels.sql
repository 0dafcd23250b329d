{#-
    Whose figures are known after each report: the report that speaks, by the precedence of carried_metrics, among those
    that state or take back a figure. Where none does, a report is its own label.

    statements: one row per report x metric, as carried_metrics takes it; carried: what carried_metrics made of it.
    Gives one row per report: figures_report_number, figures_as_of_at, figures_is_final (0 or 1), and
    is_superseded_on_arrival: it stated figures and set none, because others with precedence were known already.
-#}
{% macro figure_labels(statements, carried, keys) -%}
{%- set by_report = (keys + ['report_number']) | join(', ') -%}
with

reports as (
    select
        {{ by_report }},
        'figures' as metric,
        cast(report_number as decimal(24, 4)) as value,
        max(case when is_stated then 1 else 0 end) = 1 as is_stated,
        -- the rank of what it states, the highest where it differs by metric
        coalesce(max(case when is_stated then is_final end), max(is_final)) as is_final,
        as_of_at,
        known_from,
        delivery_id,
        row_number
    from {{ statements }}
    group by {{ by_report }}, as_of_at, known_from, delivery_id, row_number
),

effects as (
    select
        {{ by_report }},
        max(case when is_new then 1 else 0 end) = 1 as has_set_figures
    from {{ carried }}
    group by {{ by_report }}
),

speaking as (
    {{ carried_metrics('reports', keys) }}
)

select
    {%- for key in keys + ['report_number'] %}
    reports.{{ key }},
    {%- endfor %}
    cast(coalesce(speaking.value, reports.report_number) as integer) as figures_report_number,
    coalesce(speaking.origin_as_of_at, reports.as_of_at) as figures_as_of_at,
    coalesce(speaking.origin_is_final, reports.is_final) as figures_is_final,
    reports.is_stated and not effects.has_set_figures as is_superseded_on_arrival
from reports
inner join speaking
    on
        {%- for key in keys %}
        reports.{{ key }} = speaking.{{ key }}
        and
        {%- endfor %}
        reports.report_number = speaking.report_number
inner join effects
    on
        {%- for key in keys %}
        reports.{{ key }} = effects.{{ key }}
        and
        {%- endfor %}
        reports.report_number = effects.report_number
{%- endmacro %}
