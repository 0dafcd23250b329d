-- One 初报 first, 续报 after it, one 核报, and after that nothing but 更正, which corrects something (D14). Two files that state the same stage as of the
-- same moment are one report in two parts. The joint figure of three regions is no link of this chain.
with

stages as (
    select * from {{ ref('ref_report_stages') }}
),

reports as (
    select
        ordered.*,
        coalesce(stages.stage_order = 1, false) as is_first_stage,
        coalesce(stages.is_final, false) as is_final_stage,
        coalesce(stages.is_correction, false) as is_correction_stage
    from {{ ref('int_disaster_losses_ordered') }} as ordered
    inner join {{ ref('ref_reporting_units') }} as units on ordered.unit_code = units.unit_code
    left join stages on ordered.report_stage = stages.stage_code
    where units.unit_kind <> 'joint'
),

with_earlier as (
    select
        reports.*,
        max(case when is_first_stage then as_of_at end) over earlier as earlier_first_as_of_at,
        max(case when is_final_stage then as_of_at end) over earlier as earlier_final_as_of_at,
        max(report_stage) over (
            partition by region_code, event_id, unit_code order by report_number rows between 1 preceding and 1 preceding
        ) as previous_stage
    from reports
    window earlier as (
        partition by region_code, event_id, unit_code
        order by report_number rows between unbounded preceding and 1 preceding
    )
),

judged as (
    select
        *,
        case
            when is_correction_stage then case when previous_stage is null then '没有可更正的报告' end
            when earlier_final_as_of_at is not null and not (is_final_stage and as_of_at = earlier_final_as_of_at)
                then '核报之后'
            when is_first_stage and earlier_first_as_of_at <> as_of_at then '已有初报'
            when is_first_stage and previous_stage is not null and earlier_first_as_of_at is null then '初报晚于其他报告'
            when previous_stage is null and not is_first_stage then '没有初报'
        end as finding_zh
    from with_earlier
)

select
    *,
    'D14' as rule_id
from judged
where finding_zh is not null
