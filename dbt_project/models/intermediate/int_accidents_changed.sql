-- What a report itself changed of the casualties, beside what was known before it. A report with less precedence than what is known
-- changes nothing and is not here, and the copies of one report are one; taking back is no change of a figure.
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
        lag(carried.value) over (
            partition by carried.region_code, carried.accident_id, carried.metric order by carried.report_number
        ) as previous_value
    from carried
    inner join reports
        on
            carried.region_code = reports.region_code
            and carried.accident_id = reports.accident_id
            and carried.report_number = reports.report_number
    where carried.metric in ('deaths_persons', 'missing_persons', 'serious_injuries_persons', 'light_injuries_persons', 'injured_persons')
)

select
    region_code,
    accident_id,
    report_number,
    metric,
    cast(value as bigint) as value,
    cast(previous_value as bigint) as previous_value
from compared
where value <> previous_value
