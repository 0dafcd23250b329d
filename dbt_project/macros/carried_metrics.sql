{#-
    What was known of each metric after each report: the last stated value, where "last" is by (final figures first, then
    as-of time, then the order in which they became known). A report that states nothing about a metric changes nothing.

    relation: one row per report x metric with the keys, metric, report_number (order of becoming known), value, is_stated,
              is_final (0 or 1), as_of_at, known_from, delivery_id, row_number. A stated NULL takes the metric back.
    Gives one row per report x metric: is_new (this report set it), value and the origin of the value (origin_*).
-#}
{% macro carried_metrics(relation, keys) -%}
{%- set by_metric = (keys + ['metric']) | join(', ') -%}
select
    {{ by_metric }},
    report_number,
    known_from,
    is_new,
    {%- for column in ['value', 'is_final', 'as_of_at', 'known_from', 'delivery_id', 'row_number'] %}
    max(case when is_new then {{ column }} end) over (
        partition by {{ by_metric }}, version_number
    ) as {{ 'value' if column == 'value' else 'origin_' ~ column }}{{ ',' if not loop.last }}
    {%- endfor %}
from (
    select
        *,
        sum(case when is_new then 1 else 0 end) over (
            partition by {{ by_metric }} order by report_number rows unbounded preceding
        ) as version_number
    from (
        select
            *,
            is_stated and precedence = max(case when is_stated then precedence end) over (
                partition by {{ by_metric }} order by report_number rows unbounded preceding
            ) as is_new
        from (
            select
                *,
                row_number() over (
                    partition by {{ by_metric }} order by is_final, as_of_at, report_number
                ) as precedence
            from {{ relation }}
        ) as ranked
    ) as marked
) as numbered
{%- endmacro %}
