-- Beside each other, as known with each report: the sum a source states, the sum of deaths and missing, and how fresh they are.
with

carried as (
    select * from {{ ref('int_disaster_losses_carried') }}
    where metric in ('deaths_persons', 'missing_persons', 'stated_sum')
),

beside as (
    select
        *,
        {%- for column in ['value', 'origin_is_final', 'origin_as_of_at', 'origin_known_from'] %}
        max(case when metric = 'stated_sum' then {{ column }} end) over (
            partition by region_code, event_id, unit_code, report_number
        ) as stated_{{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from carried
),

with_newer as (
    select
        *,
        origin_is_final > stated_origin_is_final
        or (origin_is_final = stated_origin_is_final and origin_as_of_at > stated_origin_as_of_at)
        or (
            origin_is_final = stated_origin_is_final
            and origin_as_of_at = stated_origin_as_of_at
            and origin_known_from >= stated_origin_known_from
        ) as is_newer_than_sum
    from beside
)

select
    region_code,
    event_id,
    unit_code,
    report_number,
    known_from,
    sum(case when metric = 'stated_sum' then value end) as stated_sum,
    max(case when metric = 'stated_sum' and is_new then 1 else 0 end) as is_stated_anew,
    max(case when metric <> 'stated_sum' and is_newer_than_sum and value > stated_value then 1 else 0 end) as has_newer_above,
    case
        when count(case when metric <> 'stated_sum' then value end) = 2
            then sum(case when metric <> 'stated_sum' then value end)
    end as added_up,
    max(case when metric = 'stated_sum' then origin_is_final end) as stated_is_final,
    max(case when metric = 'stated_sum' then origin_as_of_at end) as stated_as_of_at,
    max(case when metric = 'stated_sum' then origin_known_from end) as stated_known_from,
    -- a sum is as final and as fresh as its older part
    min(case when metric <> 'stated_sum' then origin_is_final end) as added_is_final,
    min(case when metric <> 'stated_sum' then origin_as_of_at end) as added_as_of_at,
    max(case when metric <> 'stated_sum' then origin_known_from end) as added_known_from
from with_newer
group by region_code, event_id, unit_code, report_number, known_from
