-- Legal grade: the most severe that any known criterion gives, by the thresholds in force when the accident happened.
with

versions as (
    select * from {{ ref('int_accidents_versioned') }}
),

{{ most_severe_grades('versions', {
    'deaths_persons': 'deaths_counted_persons',
    'serious_injuries_persons': 'serious_injuries_counted_persons',
    'direct_loss_cny': 'direct_loss_cny',
}) }}

select
    region_code,
    accident_id,
    report_number,
    grade_code,
    case
        when grade_code is not null then null
        when known_criteria_count = 0 then '死亡、重伤、直接经济损失均未填报'
        else '事故发生时现行分级标准尚未施行'
    end as grade_null_reason,
    is_grade_provisional
from graded
