-- Deaths and missing together: the newer of the sum a source states and the sum of both figures, never with NULL as 0.
with

carried as (
    select * from {{ ref('int_disaster_losses_carried') }}
    where metric in ('deaths_persons', 'missing_persons', 'stated_sum')
),

parts as (
    select
        region_code,
        event_id,
        unit_code,
        report_number,
        known_from,
        sum(case when metric = 'stated_sum' then value end) as stated_sum,
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
    from carried
    group by region_code, event_id, unit_code, report_number, known_from
),

chosen as (
    select
        *,
        stated_sum is not null and (
            added_up is null
            or stated_is_final > added_is_final
            or (stated_is_final = added_is_final and stated_as_of_at > added_as_of_at)
            or (
                stated_is_final = added_is_final
                and stated_as_of_at = added_as_of_at
                and stated_known_from >= added_known_from
            )
        ) as is_stated_chosen
    from parts
),

valued as (
    select
        *,
        case when is_stated_chosen then stated_sum else added_up end as value,
        case
            when is_stated_chosen then stated_as_of_at
            when added_up is not null then added_as_of_at
        end as origin_as_of_at
    from chosen
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
