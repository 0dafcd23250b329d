-- What a report itself changed of the casualties, beside what was known before it. A report with less precedence than what is known
-- changes nothing and is not here; taking back is no change of a figure.
with

carried as (
    select * from {{ ref('int_accidents_carried') }}
),

compared as (
    select
        region_code,
        accident_id,
        report_number,
        metric,
        value,
        is_new,
        lag(value) over (partition by region_code, accident_id, metric order by report_number) as previous_value
    from carried
    where metric in ('deaths_persons', 'missing_persons', 'serious_injuries_persons', 'light_injuries_persons', 'injured_persons')
)

select
    region_code,
    accident_id,
    report_number,
    metric,
    cast(value as bigint) as value,
    cast(previous_value as bigint) as previous_value
from compared
where is_new and value <> previous_value
