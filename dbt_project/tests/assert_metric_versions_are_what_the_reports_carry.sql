-- The long and the wide form of the loss versions agree: every report carries the metric version valid with it.
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

versions as (
    select
        *,
        lead(report_number) over (
            partition by region_code, event_id, unit_code, metric order by report_number
        ) as next_report_number
    from {{ ref('fct_disaster_loss_metric_versions') }}
)

select carried.*, versions.value as version_value
from carried
left join versions
    on
        carried.region_code = versions.region_code
        and carried.event_id = versions.event_id
        and carried.unit_code = versions.unit_code
        and carried.metric = versions.metric
        and carried.report_number >= versions.report_number
        and (versions.next_report_number is null or carried.report_number < versions.next_report_number)
where carried.value is distinct from versions.value
