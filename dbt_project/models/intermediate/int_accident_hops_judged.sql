-- In time or late, by the second; a time of which only the day is known (the last second of it) cannot say. What did not arrive is not
-- called late, and nothing here says why something is late or missing.
with

hops as (
    select * from {{ ref('int_accident_hops_timed') }}
),

due as (
    select
        *,
        case
            when is_required is null then '等级未定，是否须报到这一级尚不清楚'
            when not is_required then '按等级无需报到这一级'
            when departed_at is null then '未填报上一环节时间'
            when {{ names_only_a_day('departed_at') }} then '上一环节时间只填到日'
            when arrived_at is null then '未填报到达时间'
            when {{ names_only_a_day('arrived_at') }} then '到达时间只填到日'
        end as not_judged_reason,
        case
            when is_required and not {{ names_only_a_day('departed_at') }}
                then {{ dbt.dateadd('minute', 'max_minutes', 'departed_at') }}
        end as due_at
    from hops
)

select
    *,
    case when not_judged_reason is null then arrived_at > due_at end as is_late,
    case
        when not_judged_reason is not null then null
        when arrived_at > due_at then cast(ceil({{ dbt.datediff('due_at', 'arrived_at', 'second') }} / 60.0) as bigint)
        else 0
    end as minutes_late
from due
