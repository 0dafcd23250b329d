with

reports as (
    select * from {{ ref('int_accidents_ordered') }}
),

counted as (
    select * from {{ ref('int_accidents_counted') }}
),

metrics as (
    select
        region_code,
        accident_id,
        window_number,
        report_number,
        {%- for metric in accident_metrics() %}
        max(case when metric = '{{ metric }}' then value end) as {{ metric }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('int_accidents_carried') }}
    group by region_code, accident_id, window_number, report_number
)

select
    reports.region_code,
    reports.accident_id,
    reports.report_number,
    reports.report_stage,
    reports.known_name as accident_name,
    reports.known_kind as accident_kind,
    reports.known_place_code as place_code,
    reports.window_days,
    reports.window_ends_at,
    reports.is_cancelled,
    reports.occurred_at,
    reports.as_of_at,
    reports.reported_at,
    reports.known_from,
    reports.known_to,
    reports.delivery_id,
    reports.row_number,
    cast(metrics.deaths_persons as bigint) as deaths_persons,
    cast(metrics.late_deaths_persons as bigint) as late_deaths_persons,
    cast(counted.deaths_counted_persons as bigint) as deaths_counted_persons,
    cast(counted.serious_injuries_counted_persons as bigint) as serious_injuries_counted_persons,
    cast(metrics.missing_persons as bigint) as missing_persons,
    cast(metrics.serious_injuries_persons as bigint) as serious_injuries_persons,
    cast(metrics.light_injuries_persons as bigint) as light_injuries_persons,
    cast(metrics.injured_persons as bigint) as injured_persons,
    cast(metrics.direct_loss_cny as decimal(20, 2)) as direct_loss_cny
from reports
inner join metrics
    on
        reports.region_code = metrics.region_code
        and reports.accident_id = metrics.accident_id
        and reports.window_number = metrics.window_number
        and reports.report_number = metrics.report_number
inner join counted
    on
        reports.region_code = counted.region_code
        and reports.accident_id = counted.accident_id
        and reports.report_number = counted.report_number
