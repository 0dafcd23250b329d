with

reports as (
    select * from {{ ref('int_accidents_ordered') }}
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
    delivery_id,
    row_number,
    region_code,
    accident_id,
    report_number,
    judged_report_number,
    metric,
    value,
    -- a cancellation says that the accident does not count, not how many died
    value is not null and not is_cancellation as is_stated,
    -- a supplement that outranks a final report does so in casualties only
    case when outranks_final and metric <> 'direct_loss_cny' then 1 else is_final end as is_final,
    is_bound_by_window,
    as_of_at,
    known_from
from metrics
