{{ config(materialized='as_of_table') }}

{%- set newest_first -%}
    known_from desc, as_of_at desc, stage_order desc, delivery_id desc, row_number desc
{%- endset %}

with

reports as (
    select
        *,
        known_to is null or known_to >= {{ known_by() }} as is_newest_of_unit
    from {{ ref('fct_disaster_loss_reports') }}
    where known_from < {{ known_by() }}
),

processes as (
    select * from {{ ref('dim_event_processes') }}
),

-- the name and the kind that became known last, each by itself; units of one event may state them at different times
ranked as (
    select
        *,
        row_number() over (
            partition by region_code, event_id, case when event_name is null then 1 else 0 end order by {{ newest_first }}
        ) as name_rank,
        row_number() over (
            partition by region_code, event_id, case when disaster_kind is null then 1 else 0 end order by {{ newest_first }}
        ) as kind_rank
    from reports
),

events as (
    select
        region_code,
        event_id,
        max(case when name_rank = 1 then event_name end) as event_name,
        max(case when kind_rank = 1 then disaster_kind end) as disaster_kind,
        -- a date that its unit has corrected speaks no more
        min(case when is_newest_of_unit then occurred_at end) as occurred_at,
        min(as_of_at) as first_as_of_at,
        min(known_from) as first_known_from,
        max(known_from) as last_known_from,
        count(*) as report_count
    from ranked
    group by region_code, event_id
)

select
    events.region_code,
    events.event_id,
    coalesce(events.event_name, events.event_id) as event_name,
    events.disaster_kind,
    events.occurred_at,
    -- 24:00 of a day belongs to the day that ends
    cast(
        coalesce(events.occurred_at, {{ dbt.dateadd('second', -1, 'events.first_as_of_at') }}) as date
    ) as event_date,
    coalesce(processes.process_id, concat(events.region_code, ':', events.event_id)) as process_id,
    coalesce(processes.process_name_zh, events.event_name, events.event_id) as process_name_zh,
    processes.process_id is not null as is_process_assigned,
    events.first_known_from,
    events.last_known_from,
    cast(events.report_count as integer) as report_count
from events
left join processes
    on events.region_code = processes.region_code and events.event_id = processes.event_id
