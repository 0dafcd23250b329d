-- One row per report that is judged, with what it says itself: nothing carried from other reports, but its copies complete each other.
{%- set same = ['region_code', 'accident_id', 'known_from', 'as_of_at', 'report_stage'] %}
with

reports as (
    select * from {{ ref('int_accidents_ordered') }}
),

united as (
    select
        region_code,
        accident_id,
        report_number,
        occurred_at,
        is_repeated,
        {%- for column in accident_metrics() + accident_clock_columns() %}
        {{ last_known(column, same) }} as {{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from reports
)

select * from united
where not is_repeated
