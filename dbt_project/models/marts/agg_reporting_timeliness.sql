{{ config(materialized='as_of_table') }}
with

accident_hops as (
    select
        'accidents' as dataset,
        hops.region_code,
        coalesce(reports.place_current_code, hops.region_code) as unit_code,
        hops.hop,
        hops.hop_name,
        hops.is_required,
        hops.is_late,
        hops.minutes_late,
        hops.known_from
    from {{ ref('fct_accident_report_hops') }} as hops
    inner join {{ ref('fct_accident_reports') }} as reports
        on
            hops.region_code = reports.region_code
            and hops.accident_id = reports.accident_id
            and hops.report_number = reports.report_number
),

loss_hops as (
    select
        'disaster_losses' as dataset,
        region_code,
        unit_code,
        hop,
        replace(replace(replace(replace(replace(
            hop, '_to_', '→'), 'county', '县级'), 'city', '设区的市'), 'province', '省级'), 'ministry', '部级') as hop_name,
        is_required,
        is_late,
        minutes_late,
        known_from
    from {{ ref('fct_loss_report_hops') }}
),

all_hops as (
    select * from accident_hops
    union all
    select * from loss_hops
),

hops as (
    select
        *,
        cast({{ dbt.date_trunc('month', 'known_from') }} as date) as month_date
    from all_hops
    -- a step that the grade does not ask for has no clock; one whose grade is not known yet may have
    where known_from < {{ known_by() }} and coalesce(is_required, true)
),

counted as (
    select
        dataset,
        region_code,
        unit_code,
        month_date,
        hop,
        hop_name,
        count(*) as hops_count,
        count(case when not is_late then 1 end) as in_time_count,
        count(case when is_late then 1 end) as late_count,
        count(case when is_late is null then 1 end) as not_judged_count,
        max(case when is_late then minutes_late end) as most_minutes_late
    from hops
    group by dataset, region_code, unit_code, month_date, hop, hop_name
)

select
    -- ids
    dataset,
    region_code,
    unit_code,
    month_date,
    hop,
    hop_name,

    -- measures
    hops_count,
    in_time_count,
    late_count,
    not_judged_count,
    -- nothing judged is not "all in time"
    case when in_time_count + late_count > 0 then cast(100.0 * in_time_count / (in_time_count + late_count) as double) end
        as in_time_pct,
    cast(most_minutes_late as integer) as most_minutes_late
from counted
