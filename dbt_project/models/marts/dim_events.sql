{{ config(materialized='incremental', incremental_strategy='touched', meta={'datasets': ['disaster_losses']}) }}

with

reports as (
    select * from {{ ref('int_disaster_losses_ordered') }}
),

processes as (
    select * from {{ ref('ref_event_processes') }}
),

-- the name that became known last; units of one event may name it at different times
ranked as (
    select
        *,
        row_number() over (
            partition by region_code, event_id
            order by case when event_name is null then 1 else 0 end, known_from desc, delivery_id desc, row_number desc
        ) as name_rank
    from reports
),

events as (
    select
        region_code,
        event_id,
        max(case when name_rank = 1 then event_name end) as event_name,
        max(case when name_rank = 1 then disaster_kind end) as disaster_kind,
        min(occurred_at) as occurred_at,
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
    coalesce(processes.process_id, concat(events.region_code, ':', events.event_id)) as process_id,
    coalesce(processes.process_name_zh, events.event_name, events.event_id) as process_name_zh,
    processes.process_id is not null as is_process_assigned,
    events.first_known_from,
    events.last_known_from,
    cast(events.report_count as integer) as report_count
from events
left join processes
    on events.region_code = processes.region_code and events.event_id = processes.event_id
