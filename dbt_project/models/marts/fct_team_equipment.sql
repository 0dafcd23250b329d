{{ config(materialized='as_of_table') }}

with

teams as (
    select * from {{ ref('fct_team_reports') }} as reports
    where {{ is_current_version('reports') }}
),

parts as (
    select
        *,
        {{ each_part('equipment') }} as part
    from teams
    where equipment is not null
),

pairs as (
    select
        *,
        trim({{ dbt.split_part('part', "':'", 1) }}) as equipment_code,
        {{ count_of_part('part') }} as equipment_count
    from parts
),

-- a code that stands twice is counted together
counted as (
    select
        region_code,
        team_id,
        team_name,
        equipment_code,
        cast(sum(equipment_count) as bigint) as equipment_count,
        as_of_at,
        known_from,
        delivery_id,
        row_number
    from pairs
    group by region_code, team_id, team_name, equipment_code, as_of_at, known_from, delivery_id, row_number
),

items as (
    select * from {{ ref('dim_equipment_items') }}
)

select
    counted.region_code,
    counted.team_id,
    counted.equipment_code,
    counted.team_name,
    items.name_zh as equipment_name,
    counted.equipment_count,
    items.unit,
    counted.as_of_at,
    counted.known_from,
    counted.delivery_id,
    counted.row_number
from counted
left join items on counted.equipment_code = items.equipment_code
