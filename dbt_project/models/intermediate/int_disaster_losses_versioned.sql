with

carried as (
    select * from {{ ref('int_disaster_losses_carried') }}
),

derived as (
    select * from {{ ref('int_deaths_missing_derived') }}
),

reports as (
    select * from {{ ref('int_disaster_losses_ordered') }}
),

-- the derived sum changes with the report that changed one of its parts
all_metrics as (
    select
        region_code,
        event_id,
        unit_code,
        report_number,
        metric,
        value,
        is_new,
        origin_as_of_at,
        origin_delivery_id,
        origin_row_number
    from carried
    where metric <> 'stated_sum'
    union all
    select
        derived.region_code,
        derived.event_id,
        derived.unit_code,
        derived.report_number,
        'deaths_missing_persons' as metric,
        derived.value,
        derived.is_new,
        derived.origin_as_of_at,
        reports.delivery_id as origin_delivery_id,
        reports.row_number as origin_row_number
    from derived
    inner join reports
        on
            derived.region_code = reports.region_code
            and derived.event_id = reports.event_id
            and derived.unit_code = reports.unit_code
            and derived.report_number = reports.report_number
)

select
    all_metrics.*,
    reports.known_from
from all_metrics
inner join reports
    on
        all_metrics.region_code = reports.region_code
        and all_metrics.event_id = reports.event_id
        and all_metrics.unit_code = reports.unit_code
        and all_metrics.report_number = reports.report_number
