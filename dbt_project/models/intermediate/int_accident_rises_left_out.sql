-- Rises of casualties told after the window that do not count: what an explanation, an earlier figure or the missing account for is none.
with

reports as (
    select * from {{ ref('int_accidents_ordered') }}
),

changed as (
    select * from {{ ref('int_accidents_changed') }}
),

counted as (
    select * from {{ ref('int_accidents_counted') }}
)

select
    changed.region_code,
    changed.accident_id,
    changed.report_number,
    changed.metric,
    changed.value,
    changed.previous_value
from changed
inner join reports
    on
        changed.region_code = reports.region_code
        and changed.accident_id = reports.accident_id
        and changed.report_number = reports.report_number
inner join counted
    on
        changed.region_code = counted.region_code
        and changed.accident_id = counted.accident_id
        and changed.report_number = counted.report_number
where
    changed.value > changed.previous_value
    and reports.is_bound_by_window
    and reports.as_of_at > reports.window_ends_at
    and case changed.metric
        when 'deaths_persons' then counted.are_deaths_left_out
        when 'serious_injuries_persons' then counted.are_serious_injuries_left_out
        else true
    end
