{%- set keys = ['region_code', 'event_id', 'unit_code'] -%}
with

-- a unit means itself; any other former code means the one successor into which its area passed whole
reports as (
    select
        stated.*,
        case
            when units.unit_code is null then coalesce(resolved.successor_code, stated.stated_unit_code)
            else stated.stated_unit_code
        end as unit_code
    from {{ ref('stg_disaster_losses') }} as stated
    left join {{ ref('ref_reporting_units') }} as units on stated.stated_unit_code = units.unit_code
    left join {{ ref('int_divisions_resolved') }} as resolved on stated.stated_unit_code = resolved.division_code
),

stages as (
    select * from {{ ref('ref_report_stages') }}
),

numbered as (
    select
        reports.*,
        coalesce(stages.is_final, false) as is_final_stage,
        coalesce(stages.is_correction, false) as is_correction,
        coalesce(stages.stage_order, 99) as stage_order,
        row_number() over (
            partition by reports.region_code, reports.event_id, reports.unit_code
            -- known at one moment, the older figures come first, and a correction after what it corrects
            order by
                reports.known_from, reports.as_of_at, coalesce(stages.stage_order, 99),
                reports.delivery_id, reports.row_number
        ) as report_number
    from reports
    left join stages on reports.report_stage = stages.stage_code
),

-- a correction is as final as what it corrects: from the first final report on
with_finality as (
    select
        *,
        max(case when is_final_stage then 1 else 0 end) over (
            partition by region_code, event_id, unit_code order by report_number rows unbounded preceding
        ) as has_final_report
    from numbered
)

select
    delivery_id,
    row_number,
    region_code,
    event_id,
    unit_code,
    stated_unit_code,
    report_number,
    report_stage,
    stage_order,
    is_correction,
    case when is_final_stage or (is_correction and has_final_report = 1) then 1 else 0 end as is_final,
    {{ last_known('event_name', keys) }} as event_name,
    {{ last_known('disaster_kind', keys) }} as disaster_kind,
    {{ last_known('occurred_at', keys) }} as occurred_at,
    {{ last_known('ended_at', keys) }} as ended_at,
    explanation_code,
    has_explanation,
    -- only a correction takes figures back
    case when is_correction then concat(';', {{ listed_names("coalesce(retracted_metrics, '')") }}, ';') else ';;' end
        as retracted_metrics,
    {%- for metric in loss_metrics() %}
    {{ metric }},
    {%- endfor %}
    as_of_at,
    reported_at,
    reported_county_at,
    reported_city_at,
    reported_province_at,
    reported_ministry_at,
    known_from,
    lead(known_from) over (
        partition by region_code, event_id, unit_code order by report_number
    ) as known_to
from with_finality
