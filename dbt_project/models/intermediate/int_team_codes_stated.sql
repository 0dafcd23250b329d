-- Every task and equipment code of every version, with whether the lists have it.
with

reports as (
    select * from {{ ref('fct_team_reports') }}
),

parts as (
    select
        region_code,
        team_id,
        report_number,
        'tasks' as column_name,
        {{ each_part('tasks') }} as part
    from reports
    where tasks is not null
    union all
    select
        region_code,
        team_id,
        report_number,
        'equipment' as column_name,
        {{ each_part('equipment') }} as part
    from reports
    where equipment is not null
),

stated as (
    select distinct
        region_code,
        team_id,
        report_number,
        column_name,
        trim({{ dbt.split_part('part', "':'", 1) }}) as code
    from parts
),

listed as (
    select
        'tasks' as column_name,
        task_code as code
    from {{ ref('ref_team_tasks') }}
    union all
    select
        'equipment' as column_name,
        equipment_code as code
    from {{ ref('ref_equipment_items') }}
)

select
    stated.*,
    listed.code is not null as is_listed
from stated
left join listed on stated.column_name = listed.column_name and stated.code = listed.code
