-- Every casualty figure that was known with a report, and whether it may raise what counts. That is judged anew with every report, because
-- the field, and with it the window, may only become known later. Where no figure may, the first one told does: who was never told of
-- before is no rise, what is told after that is one.
{%- set seen = ['region_code', 'accident_id', 'seen_from'] %}
with

reports as (
    select
        *,
        -- a statement of how many deaths lie outside the window explains all that was told up to its moment
        max(case when not is_cancellation and late_deaths_persons is not null then as_of_at end) over (
            partition by region_code, accident_id order by report_number rows unbounded preceding
        ) as explained_until
    from {{ ref('int_accidents_ordered') }}
),

stated as (
    select * from {{ ref('int_accidents_unpivoted') }}
    where is_stated and metric in ('deaths_persons', 'late_deaths_persons', 'missing_persons', 'serious_injuries_persons')
),

seen as (
    select
        reports.region_code,
        reports.accident_id,
        reports.report_number as seen_from,
        stated.report_number,
        stated.judged_report_number,
        stated.metric,
        stated.value,
        stated.is_final,
        stated.as_of_at,
        not stated.is_bound_by_window
        or reports.window_ends_at is null
        or stated.as_of_at <= reports.window_ends_at
        or coalesce(stated.metric = 'deaths_persons' and stated.as_of_at <= reports.explained_until, false) as is_in_time
    from reports
    inner join stated
        on
            reports.region_code = stated.region_code
            and reports.accident_id = stated.accident_id
            and reports.window_number = stated.window_number
            and reports.report_number >= stated.report_number
),

told as (
    select
        *,
        max(case when is_in_time then 1 else 0 end) over (partition by {{ seen | join(', ') }}, metric) = 1 as is_told_in_time,
        min(judged_report_number) over (partition by {{ seen | join(', ') }}, metric) as first_told,
        -- missing people are told of beside the deaths: after them they are more of the same casualties
        min(case when metric = 'deaths_persons' then case when is_in_time then 0 else judged_report_number end end) over (
            partition by {{ seen | join(', ') }}
        ) as deaths_first_told
    from seen
)

select
    *,
    is_in_time or (
        not is_told_in_time
        and judged_report_number = first_told
        and (metric <> 'missing_persons' or judged_report_number <= coalesce(deaths_first_told, judged_report_number))
    ) as is_countable
from told
