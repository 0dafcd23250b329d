-- Legal grade: the most severe that any known criterion gives, by the thresholds in force when the accident happened.
with

versions as (
    select * from {{ ref('int_accidents_versioned') }}
),

{{ most_severe_grades('versions', {
    'deaths_persons': 'deaths_counted_persons',
    'serious_injuries_persons': 'serious_injuries_counted_persons',
    'direct_loss_cny': 'direct_loss_cny',
}) }},

first_day as (
    select min(valid_from) as first_valid_from from thresholds
)

select
    graded.region_code,
    graded.accident_id,
    graded.report_number,
    graded.grade_code,
    case
        when graded.grade_code is not null then null
        when cast(versions.occurred_at as date) < first_day.first_valid_from then '事故发生时现行分级标准尚未施行'
        else '死亡、重伤、直接经济损失均未填报'
    end as grade_null_reason,
    -- the missing may count as dead where nothing is said of deaths: those are not known all the same; what can get no grade waits for none
    (graded.is_grade_provisional or versions.deaths_persons is null)
    and cast(versions.occurred_at as date) >= first_day.first_valid_from as is_grade_provisional
from graded
inner join versions
    on
        graded.region_code = versions.region_code
        and graded.accident_id = versions.accident_id
        and graded.report_number = versions.report_number
cross join first_day
