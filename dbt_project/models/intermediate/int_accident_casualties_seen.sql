-- Per report, what the reports up to it said last of each casualty figure: once over all of them and once over those that may raise what
-- counts.
{%- set seen = ['region_code', 'accident_id', 'seen_from'] %}
with

ranked as (
    select
        *,
        -- deaths sort before missing persons, so these are also the deaths of the same report, told by whichever of its copies
        {{ last_known(
            "case when metric = 'deaths_persons' then value end", seen, 'is_final, as_of_at, judged_report_number, metric, report_number'
        ) }} as deaths_then,
        row_number() over (
            partition by region_code, accident_id, seen_from, metric
            order by is_final desc, as_of_at desc, report_number desc
        ) as place,
        row_number() over (
            partition by region_code, accident_id, seen_from, metric, is_countable
            order by is_final desc, as_of_at desc, report_number desc
        ) as countable_place
    from {{ ref('int_accident_casualties_told') }}
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
