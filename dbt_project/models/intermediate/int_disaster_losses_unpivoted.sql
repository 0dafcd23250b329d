with

reports as (
    select * from {{ ref('int_disaster_losses_ordered') }}
),

metrics as (
    {%- for metric in loss_metrics() %}
    select
        *,
        '{{ metric }}' as metric,
        cast({{ metric }} as decimal(24, 4)) as value,
        retracted_metrics like '%;{{ metric }};%' as is_retracted
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
    event_id,
    unit_code,
    report_number,
    -- a sum that a source publishes alone is one statement; the metric itself is derived from it later
    case metric when 'deaths_missing_persons' then 'stated_sum' else metric end as metric,
    value,
    value is not null or is_retracted as is_stated,
    is_final,
    as_of_at,
    known_from
from metrics
