select
    delivery_id,
    row_number,
    region_code,
    event_id,
    unit_code as stated_unit_code,
    event_name,
    disaster_kind,
    report_stage,
    retracted_metrics,
    explanation_code,
    explanation_code is not null or nullif(trim(explanation), '') is not null as has_explanation,
    {%- for metric in loss_metrics() %}
    {{ metric }},
    {%- endfor %}
    occurred_at,
    ended_at,
    -- "8月4日" and "8月4日24时" are one moment: figures of the same moment are neither older nor newer
    case
        when {{ names_only_a_day('as_of_at') }} then {{ dbt.dateadd('second', 1, 'as_of_at') }} else as_of_at
    end as as_of_at,
    reported_at,
    reported_county_at,
    reported_city_at,
    reported_province_at,
    reported_ministry_at,
    known_from
from {{ source('raw', 'disaster_losses') }} as landed
where {{ is_touched('disaster_losses') }}
