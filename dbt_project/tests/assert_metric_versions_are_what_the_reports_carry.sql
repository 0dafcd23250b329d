-- The long and the wide form of the loss versions agree: every report carries the metric version valid with it, which is
-- the last one up to it. In one pass over reports in their order: a comparison of every report with every version before it
-- would grow with the square of the history.
with

{% set metrics = loss_metrics() -%}
carried as (
    {%- for metric in metrics %}
    select region_code, event_id, unit_code, report_number, '{{ metric }}' as metric, cast({{ metric }} as decimal(24, 4)) as value
    from {{ ref('fct_disaster_loss_reports') }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

numbered as (
    select
        carried.*,
        versions.value as new_value,
        count(versions.metric) over (
            partition by carried.region_code, carried.event_id, carried.unit_code, carried.metric
            order by carried.report_number rows unbounded preceding
        ) as version_number
    from carried
    left join {{ ref('fct_disaster_loss_metric_versions') }} as versions
        on
            carried.region_code = versions.region_code
            and carried.event_id = versions.event_id
            and carried.unit_code = versions.unit_code
            and carried.metric = versions.metric
            and carried.report_number = versions.report_number
),

compared as (
    select
        *,
        max(new_value) over (
            partition by region_code, event_id, unit_code, metric, version_number
        ) as version_value
    from numbered
)

select *
from compared
where value is distinct from version_value
