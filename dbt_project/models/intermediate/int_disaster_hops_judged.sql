-- In time or late, by the second. What did not arrive is not called late, and nothing here says why something is late.
with

timed as (
    select
        *,
        case from_level
            when 'county' then reported_county_at when 'city' then reported_city_at else reported_province_at
        end as departed_at,
        case to_level
            when 'city' then reported_city_at when 'province' then reported_province_at else reported_ministry_at
        end as arrived_at
    from {{ ref('int_disaster_hops_timed') }}
),

hops as (
    select
        timed.*,
        case
            when not timed.only_heavy or timed.least_deaths_missing_persons >= heavy.value then true
            -- below the bound, and a part of it is not known
            when timed.known_deaths_missing_persons is not null then false
        end as is_required
    from timed
    {{ join_parameter('heavy_deaths_missing', 'heavy', 'cast(timed.known_from as date)') }}
),

started as (
    select
        *,
        case starts_from
            when 'occurred_at' then occurred_at
            when 'as_of_at' then as_of_at
            when 'previous_as_of_at' then previous_as_of_at
            when 'ended_at' then ended_at
            else departed_at
        end as clock_starts_at
    from hops
),

due as (
    select
        *,
        case
            when not coalesce(is_required, false) or is_working_days then null
            when clock_kind = 'within' then {{ dbt.dateadd('hour', 'limit_hours', 'clock_starts_at') }}
            else {{ next_daily_hour(dbt.dateadd('hour', 'coalesce(limit_hours, 0)', 'clock_starts_at'), 'daily_hour') }}
        end as due_at,
        case
            when is_required is null then '死亡失踪人数未报，是否属于须直报的重大灾情尚不清楚'
            when not is_required then '不属于须直报的重大灾情'
            when is_working_days then '时限按工作日计，没有当年的工作日历'
            when clock_starts_at is null and starts_from = 'previous_as_of_at' then '之前没有报告，无从起算'
            when clock_starts_at is null then '未填报起算时间'
            when clock_kind = 'within' and starts_from <> 'as_of_at' and {{ names_only_a_day('clock_starts_at') }}
                then '起算时间只填到日'
            -- of "occurred" a day stands for its start (`partial: start`)
            when starts_from = 'occurred_at' and clock_starts_at = cast(cast(clock_starts_at as date) as timestamp)
                then '起算时间只填到日'
            when arrived_at is null then '未填报到达时间'
            when {{ names_only_a_day('arrived_at') }} then '到达时间只填到日'
        end as not_judged_reason
    from started
)

select
    *,
    case when not_judged_reason is null then arrived_at > due_at end as is_late,
    case
        when not_judged_reason is not null then null
        when arrived_at > due_at then cast(ceil({{ dbt.datediff('due_at', 'arrived_at', 'second') }} / 60.0) as bigint)
        else 0
    end as minutes_late,
    -- where two clocks end at one arrival, the one that was due first speaks of it
    row_number() over (
        partition by region_code, event_id, unit_code, report_number, to_level
        order by case when not_judged_reason is null then 0 else 1 end, due_at, clock_id
    ) = 1 as is_first_clock_of_column
from due
