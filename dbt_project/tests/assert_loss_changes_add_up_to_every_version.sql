-- At every moment at which something became known, the changes up to it add up to the version valid then:
-- NULL where the reported changes add up to 0, and 0 stays 0.
with

versions as (
    select *
    from {{ ref('fct_disaster_loss_metric_versions') }}
    where known_to is null or known_to > known_from
),

sums as (
    select
        versions.region_code,
        versions.event_id,
        versions.unit_code,
        versions.metric,
        versions.known_from,
        versions.value,
        coalesce(sum(changes.value_change), 0) as value_sum,
        coalesce(sum(changes.reported_change), 0) as reported_sum
    from versions
    left join {{ ref('agg_loss_changes') }} as changes
        on
            versions.region_code = changes.region_code
            and versions.event_id = changes.event_id
            and versions.unit_code = changes.unit_code
            and versions.metric = changes.metric
            and versions.known_from >= changes.known_from
    group by all
)

select *
from sums
where
    reported_sum <> case when value is null then 0 else 1 end
    or value_sum <> coalesce(value, 0)
