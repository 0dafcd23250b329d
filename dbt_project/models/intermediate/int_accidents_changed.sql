-- What a report itself changed of the casualties, beside what was known before it. A report with less precedence than what is known
-- changes nothing and is not here, and the copies of one report are one; taking back is no change of a figure, nor is what another window
-- makes of earlier reports.
with

carried as (
    select * from {{ ref('int_accidents_carried') }}
),

reports as (
    select * from {{ ref('int_accidents_ordered') }}
    where not is_repeated
),

compared as (
    select
        carried.region_code,
        carried.accident_id,
        carried.report_number,
        carried.metric,
        carried.value,
        carried.window_number = reports.window_number as is_under_its_window,
        lag(carried.value) over (
            partition by carried.region_code, carried.accident_id, carried.window_number, carried.metric order by carried.report_number
        ) as previous_value
    from carried
    inner join reports
        on
            carried.region_code = reports.region_code
            and carried.accident_id = reports.accident_id
            and carried.report_number = reports.report_number
    where carried.metric in ('deaths_persons', 'missing_persons', 'serious_injuries_persons', 'light_injuries_persons', 'injured_persons')
),

risen as (
    select
        region_code,
        accident_id,
        report_number,
        {%- for metric in ['deaths_persons', 'serious_injuries_persons', 'light_injuries_persons'] %}
        max(case when metric = '{{ metric }}' and value > coalesce(previous_value, 0) then value - coalesce(previous_value, 0) else 0 end)
            as {{ metric }}{{ ',' if not loop.last }}
        {%- endfor %}
    from compared
    where is_under_its_window
    group by region_code, accident_id, report_number
)

select
    compared.region_code,
    compared.accident_id,
    compared.report_number,
    compared.metric,
    cast(compared.value as bigint) as value,
    cast(compared.previous_value as bigint) as previous_value,
    -- who died is injured no more, and an injury may turn out graver or lighter
    cast(case compared.metric
        when 'injured_persons' then risen.deaths_persons
        when 'serious_injuries_persons' then risen.deaths_persons + risen.light_injuries_persons
        when 'light_injuries_persons' then risen.deaths_persons + risen.serious_injuries_persons
        else 0
    end as bigint) as moved_persons
from compared
inner join risen
    on
        compared.region_code = risen.region_code
        and compared.accident_id = risen.accident_id
        and compared.report_number = risen.report_number
where compared.is_under_its_window and compared.value <> compared.previous_value
