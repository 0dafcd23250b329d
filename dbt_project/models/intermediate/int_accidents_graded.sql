-- Legal grade: the most severe that any known criterion gives, by the thresholds in force when the accident happened.
with

versions as (
    select * from {{ ref('int_accidents_versioned') }}
),

thresholds as (
    select * from {{ ref('ref_accident_grade_thresholds') }}
),

criteria as (
    select
        region_code,
        accident_id,
        report_number,
        occurred_at,
        'deaths_persons' as criterion,
        deaths_counted_persons as value
    from versions
    union all
    select
        region_code,
        accident_id,
        report_number,
        occurred_at,
        'serious_injuries_persons' as criterion,
        serious_injuries_counted_persons as value
    from versions
    union all
    select
        region_code,
        accident_id,
        report_number,
        occurred_at,
        'direct_loss_cny' as criterion,
        direct_loss_cny as value
    from versions
),

graded as (
    select
        criteria.region_code,
        criteria.accident_id,
        criteria.report_number,
        min(thresholds.grade_code) as grade_code,
        count(criteria.value) as known_criteria_count,
        count(criteria.value) < count(*) as is_grade_provisional
    from criteria
    left join thresholds
        on
            criteria.criterion = thresholds.criterion
            and criteria.value >= thresholds.lower_bound
            and (thresholds.upper_bound is null or criteria.value < thresholds.upper_bound)
            and cast(criteria.occurred_at as date) >= thresholds.valid_from
            and (thresholds.valid_to is null or cast(criteria.occurred_at as date) < thresholds.valid_to)
    group by criteria.region_code, criteria.accident_id, criteria.report_number
)

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
