{{ config(materialized='as_of_table') }}
with

flags as (
    select *
    from {{ ref('fct_report_flags') }}
    where known_from < {{ known_by() }}
)

select
    -- ids
    feed_id,
    dataset,
    rule_id,
    severity,
    found_by,
    title_zh,

    -- measures
    count(*) as flags_count,
    count(distinct delivery_id) as flagged_deliveries_count,
    count(case when known_to is null or known_to >= {{ known_by() }} then 1 end) as open_flags_count
from flags
group by feed_id, dataset, rule_id, severity, found_by, title_zh
