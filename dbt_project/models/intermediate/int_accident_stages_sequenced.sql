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
        reports.outranks_final,
        stages.is_first,
        stages.is_final,
        stages.is_cancellation,
        stages.is_restoration,
        lag(reports.report_stage) over (
            partition by reports.region_code, reports.accident_id order by reports.report_number
        ) as previous_stage,
        coalesce(
            lag(reports.is_cancelled) over (partition by reports.region_code, reports.accident_id order by reports.report_number), false
        ) as was_cancelled,
        max(case when stages.is_final then reports.report_stage end) over (
            partition by reports.region_code, reports.accident_id
            order by reports.report_number rows between unbounded preceding and 1 preceding
        ) as final_stage_before,
        max(case when stages.is_cancellation then reports.report_stage end) over (
            partition by reports.region_code, reports.accident_id
            order by reports.report_number rows between unbounded preceding and 1 preceding
        ) as cancellation_before
    from reports
    inner join stages on reports.report_stage = stages.stage_code
)

select
    region_code,
    accident_id,
    report_number,
    report_stage,
    -- what it should not come after, or what is missing before it
    case
        when was_cancelled and not is_restoration then cancellation_before
        when is_restoration and not was_cancelled then '没有核销'
        when previous_stage is null and not is_first then '没有初报'
        when previous_stage is not null and is_first then previous_stage
        when final_stage_before is not null and not (is_final or is_cancellation or is_restoration or outranks_final) then final_stage_before
    end as out_of_order_after
from placed
