-- Per report, what the reports up to it said last of each casualty figure: once over all of them and once over those that may raise what
-- counts. Which may is judged anew with every report, because the field, and with it the window, may only become known later.
{%- set in_order = 'is_final, as_of_at, report_number' %}
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
        stated.metric,
        stated.value,
        stated.is_final,
        stated.as_of_at,
        not stated.is_bound_by_window
        or reports.window_ends_at is null
        or stated.as_of_at <= reports.window_ends_at
        or coalesce(stated.metric = 'deaths_persons' and stated.as_of_at <= reports.explained_until, false) as is_countable
    from reports
    inner join stated
        on
            reports.region_code = stated.region_code
            and reports.accident_id = stated.accident_id
            and reports.report_number >= stated.report_number
),

ranked as (
    select
        *,
        -- deaths sort before missing persons, so these are also the deaths of the same report
        {{ last_known(
            "case when metric = 'deaths_persons' then value end", ['region_code', 'accident_id', 'seen_from'], in_order ~ ', metric'
        ) }} as deaths_then,
        row_number() over (
            partition by region_code, accident_id, seen_from, metric
            order by is_final desc, as_of_at desc, report_number desc
        ) as place,
        row_number() over (
            partition by region_code, accident_id, seen_from, metric, is_countable
            order by is_final desc, as_of_at desc, report_number desc
        ) as countable_place
    from seen
)

select
    region_code,
    accident_id,
    seen_from as report_number,
    max(case when metric = 'late_deaths_persons' and place = 1 then value end) as late_deaths_persons,
    {%- for prefix, condition in [('', 'place = 1'), ('countable_', 'is_countable and countable_place = 1')] %}
    max(case when metric = 'deaths_persons' and {{ condition }} then value end) as {{ prefix }}deaths_persons,
    max(case when metric = 'deaths_persons' and {{ condition }} then is_final end) as {{ prefix }}deaths_are_final,
    max(case when metric = 'missing_persons' and {{ condition }} then value end) as {{ prefix }}missing_persons,
    max(case when metric = 'missing_persons' and {{ condition }} then is_final end) as {{ prefix }}missing_are_final,
    max(case when metric = 'missing_persons' and {{ condition }} then deaths_then end) as {{ prefix }}deaths_then,
    max(case when metric = 'serious_injuries_persons' and {{ condition }} then value end) as {{ prefix }}serious_injuries_persons
    {{- ',' if not loop.last }}
    {%- endfor %}
from ranked
group by region_code, accident_id, seen_from
