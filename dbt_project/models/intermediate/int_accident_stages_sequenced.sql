-- Reports in the order they became known, with the stage before them, and what is wrong with their place in that order.
with

reports as (
    select * from {{ ref('int_accidents_ordered') }}
    where not is_repeated
),

stages as (
    select * from {{ ref('ref_accident_stages') }}
),

placed as (
    select
        reports.region_code,
        reports.accident_id,
        reports.report_number,
        reports.report_stage,
        stages.is_first,
        stages.is_final,
        lag(reports.report_stage) over (
            partition by reports.region_code, reports.accident_id order by reports.report_number
        ) as previous_stage,
        max(case when stages.is_final then reports.report_stage end) over (
            partition by reports.region_code, reports.accident_id
            order by reports.report_number rows between unbounded preceding and 1 preceding
        ) as final_stage_before,
        max(case when stages.is_cancellation then reports.report_stage end) over (
            partition by reports.region_code, reports.accident_id
            order by reports.report_number rows between unbounded preceding and 1 preceding
        ) as cancellation_before,
        stages.is_cancellation
    from reports
    inner join stages on reports.report_stage = stages.stage_code
)

select
    region_code,
    accident_id,
    report_number,
    report_stage,
    -- what it should not come after, or that the first report is missing
    case
        when cancellation_before is not null then cancellation_before
        when previous_stage is null and not is_first then '没有初报'
        when previous_stage is not null and is_first then previous_stage
        when final_stage_before is not null and not is_final and not is_cancellation then final_stage_before
    end as out_of_order_after
from placed
