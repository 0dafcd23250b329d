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
    {{ at_the_end_of_its_day('as_of_at') }} as as_of_at,
    reported_at,
    reported_county_at,
    reported_city_at,
    reported_province_at,
    reported_ministry_at,
    known_from
from {{ source('raw', 'disaster_losses') }} as landed
where {{ is_touched('disaster_losses') }}
