-- Deaths and missing together: the newer of the sum a source states and the sum of both figures, never with NULL as 0. Newer
-- deaths alone above a stated sum end it, and a stated sum that ended does not come back when what ended it is taken back.
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
),

parts as (
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
),

chosen as (
    select
        *,
        stated_sum is not null and has_newer_above = 0 and (
            added_up is null
            or stated_is_final > added_is_final
            or (stated_is_final = added_is_final and stated_as_of_at > added_as_of_at)
            or (
                stated_is_final = added_is_final
                and stated_as_of_at = added_as_of_at
                and stated_known_from >= added_known_from
            )
        ) as has_precedence,
        sum(is_stated_anew) over (
            partition by region_code, event_id, unit_code order by report_number rows unbounded preceding
        ) as statement_number
    from parts
),

lasting as (
    select
        *,
        min(case when has_precedence then 1 else 0 end) over (
            partition by region_code, event_id, unit_code, statement_number
            order by report_number rows unbounded preceding
        ) = 1 as is_stated_chosen
    from chosen
),

valued as (
    select
        *,
        case when is_stated_chosen then stated_sum else added_up end as value,
        case
            when is_stated_chosen then stated_as_of_at
            when added_up is not null then added_as_of_at
        end as origin_as_of_at
    from lasting
),

compared as (
    select
        *,
        lag(value) over (partition by region_code, event_id, unit_code order by report_number) as value_before,
        lag(origin_as_of_at) over (
            partition by region_code, event_id, unit_code order by report_number
        ) as as_of_before
    from valued
)

select
    region_code,
    event_id,
    unit_code,
    report_number,
    known_from,
    (value is distinct from value_before or origin_as_of_at is distinct from as_of_before) as is_new,
    value,
    origin_as_of_at
from compared
