-- Reports in the order in which they became known. Of those known at one moment (a report time is often a day only) the moment they speak
-- of says which is older, then the stage; which delivery they came in decides only between copies of one report.
with

reports as (
    select * from {{ ref('stg_accidents') }}
),

stages as (
    select * from {{ ref('ref_accident_stages') }}
)

select
    reports.*,
    case when stages.is_final then 1 else 0 end as is_final,
    coalesce(stages.is_bound_by_window, false) as is_bound_by_window,
    coalesce(stages.outranks_final_in_window, false) as may_outrank_final,
    coalesce(stages.is_cancellation, false) as is_cancellation,
    coalesce(stages.is_restoration, false) as is_restoration,
    row_number() over (
        partition by reports.region_code, reports.accident_id
        order by reports.known_from, reports.as_of_at, stages.stage_order, reports.delivery_id, reports.row_number
    ) as report_number,
    -- the same report again (a list that is sent anew each day holds it every time): its last copy is judged, the others are kept
    row_number() over (
        partition by reports.region_code, reports.accident_id, reports.known_from, reports.as_of_at, reports.report_stage
        order by reports.delivery_id desc, reports.row_number desc
    ) > 1 as is_repeated
from reports
left join stages on reports.report_stage = stages.stage_code
