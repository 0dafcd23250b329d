-- Each value beside what earlier disasters of the same unit and main kind came to: the last value of each event, known before.
-- Losses of disasters span powers of ten, so distances are measured between logarithms: of the values themselves every large flood
-- would be an outlier.
{%- set earlier -%}
(
            partition by region_code, unit_code, main_kind_code, metric
            order by known_from, is_history, event_id, report_number rows between unbounded preceding and current row
        )
{%- endset %}
with

kinds as (
    select
        kind_code,
        coalesce(parent_kind_code, kind_code) as main_kind_code
    from {{ ref('ref_disaster_kinds') }}
),

exempt as (
    select metric from {{ ref('ref_loss_metric_exceptions') }}
    where rule_id in ('D17', 'D17-HISTORY')
),

versions as (
    select
        versions.*,
        kinds.main_kind_code
    from {{ ref('fct_disaster_loss_metric_versions') }} as versions
    inner join {{ ref('dim_events') }} as events
        on versions.region_code = events.region_code and versions.event_id = events.event_id
    inner join kinds on events.disaster_kind = kinds.kind_code
    left join exempt on versions.metric = exempt.metric
    where versions.value is not null and exempt.metric is null
),

-- at one moment history comes after the values that are compared with it: only what was known before speaks
timeline as (
    select *, 0 as is_history, cast(null as double) as past_value
    from versions
    union all
    select *, 1 as is_history, cast(value as double) as past_value
    from versions
    where known_to is null
),

judged as (
    select
        *,
        count(past_value) over {{ earlier }} as history_count,
        {{ robust_median('past_value', earlier) }} as history_median,
        {{ robust_median('ln(1 + past_value)', earlier) }} as history_log_median,
        {{ robust_spread('ln(1 + past_value)', earlier) }} as history_log_spread
    from timeline
)

select
    region_code,
    event_id,
    unit_code,
    metric,
    report_number,
    unit,
    value,
    history_count,
    history_median,
    ln(1 + cast(value as double)) - history_log_median as log_distance,
    history_log_spread,
    delivery_id,
    row_number,
    known_from
from judged
where is_history = 0
