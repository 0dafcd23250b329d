-- Deaths and missing together: the newer of the sum a source states and the sum of both figures, never with NULL as 0. Newer
-- deaths alone above a stated sum end it, and a stated sum that ended does not come back when what ended it is taken back.
with

parts as (
    select * from {{ ref('int_deaths_missing_beside') }}
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
