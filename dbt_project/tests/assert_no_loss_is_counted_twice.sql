-- What adds up (is_additive changes) is what counts (is_counted losses), metric by metric of each event: neither a joint
-- figure nor a metric of a unit whose parent reports that metric (covered_metrics) is in the sum.
with

{% set metrics = loss_metrics() -%}
counted as (
    {%- for metric in metrics %}
    select region_code, event_id, '{{ metric }}' as metric, sum(cast({{ metric }} as decimal(24, 4))) as counted_value
    from {{ ref('fct_disaster_losses') }}
    where is_counted and coalesce(concat(';', covered_metrics, ';') not like '%;{{ metric }};%', true)
    group by region_code, event_id
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

added as (
    select
        region_code,
        event_id,
        metric,
        case when sum(reported_change) > 0 then sum(value_change) end as added_value
    from {{ ref('agg_loss_changes') }}
    where is_additive
    group by region_code, event_id, metric
)

select
    coalesce(counted.region_code, added.region_code) as region_code,
    coalesce(counted.event_id, added.event_id) as event_id,
    coalesce(counted.metric, added.metric) as metric,
    counted.counted_value,
    added.added_value
from counted
full outer join added
    on
        counted.region_code = added.region_code
        and counted.event_id = added.event_id
        and counted.metric = added.metric
where counted.counted_value is distinct from added.added_value
