{{ config(materialized='incremental', incremental_strategy='since_touched', meta={'datasets': ['disaster_losses']}) }}

-- Each value beside what the other disasters of the same unit and main kind had come to when it was told: the last value of each event known
-- before. What is known later changes none of it. Losses of disasters span powers of ten, so distances are measured between logarithms: of the
-- values themselves every large flood would be an outlier.
{%- set compared = ['region_code', 'event_id', 'unit_code', 'metric', 'report_number'] %}
with

exempt as (
    select metric from {{ ref('ref_loss_metric_exceptions') }}
    where rule_id in ('D17', 'D17-HISTORY')
),

versions as (
    select
        versions.*,
        coalesce(versions.known_to, {{ known_by() }}) as known_until
    from {{ ref('fct_disaster_loss_metric_versions') }} as versions
    left join exempt on versions.metric = exempt.metric
    where versions.value is not null and exempt.metric is null
),

kinds as (
    select * from {{ ref('int_disaster_kinds_known') }}
),

told as (
    select
        versions.*,
        kinds.main_kind_code
    from versions
    inner join kinds
        on
            versions.region_code = kinds.region_code
            and versions.event_id = kinds.event_id
            and versions.known_from >= kinds.known_from
            and versions.known_from < kinds.known_until
    where {{ is_known_since_touched('disaster_losses', 'versions') }}
),

past as (
    select
        versions.region_code,
        versions.event_id,
        versions.unit_code,
        versions.metric,
        kinds.main_kind_code,
        cast(versions.value as double) as value,
        greatest(versions.known_from, kinds.known_from) as known_from,
        least(versions.known_until, kinds.known_until) as known_until
    from versions
    inner join kinds
        on
            versions.region_code = kinds.region_code
            and versions.event_id = kinds.event_id
            and versions.known_from < kinds.known_until
            and versions.known_until > kinds.known_from
),

judged as (
    select
        {%- for column in compared %}
        told.{{ column }},
        {%- endfor %}
        count(*) as history_count,
        median(past.value) as history_median,
        median(ln(1 + past.value)) as history_log_median,
        {{ robust_spread('ln(1 + past.value)') }} as history_log_spread
    from told
    inner join past
        on
            told.region_code = past.region_code
            and told.unit_code = past.unit_code
            and told.metric = past.metric
            and told.main_kind_code = past.main_kind_code
            and told.event_id <> past.event_id
            and told.known_from > past.known_from
            and told.known_from <= past.known_until
    group by
        {%- for column in compared %}
        told.{{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
)

select
    {%- for column in compared %}
    told.{{ column }},
    {%- endfor %}
    told.unit,
    told.value,
    judged.history_count,
    judged.history_median,
    ln(1 + cast(told.value as double)) - judged.history_log_median as log_distance,
    judged.history_log_spread,
    told.delivery_id,
    told.row_number,
    told.known_from
from told
inner join judged
    on
        {%- for column in compared %}
        told.{{ column }} = judged.{{ column }}{{ ' and' if not loop.last }}
        {%- endfor %}
