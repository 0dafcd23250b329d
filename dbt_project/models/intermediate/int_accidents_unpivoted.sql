-- What each report says of each metric, once under every window that the accident was ever known to have: whether a supplement outranks an
-- investigation report follows from the window, which a field told later may change. A version takes what is said under its own window.
with

reports as (
    select * from {{ ref('int_accidents_ordered') }}
),

windows as (
    select distinct
        region_code,
        accident_id,
        window_number,
        window_ends_at
    from reports
),

metrics as (
    {%- for metric in accident_metrics() %}
    select
        *,
        '{{ metric }}' as metric,
        cast({{ metric }} as decimal(24, 4)) as value
    from reports
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
)

select
    metrics.delivery_id,
    metrics.row_number,
    metrics.region_code,
    metrics.accident_id,
    windows.window_number,
    metrics.report_number,
    metrics.judged_report_number,
    metrics.metric,
    metrics.value,
    -- a cancellation says that the accident does not count, not how many died
    metrics.value is not null and not metrics.is_cancellation as is_stated,
    -- a supplement that outranks a final report does so in casualties only
    case
        when metrics.outranks_final_until_window_ends and metrics.as_of_at <= windows.window_ends_at and metrics.metric <> 'direct_loss_cny' then 1
        else metrics.is_final
    end as is_final,
    metrics.is_bound_by_window,
    metrics.as_of_at,
    metrics.known_from
from metrics
inner join windows
    on
        metrics.region_code = windows.region_code
        and metrics.accident_id = windows.accident_id
