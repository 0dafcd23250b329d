-- What a division code of any age means today. A code in force means itself, also where an older name once had it; a
-- former code means its one successor; one whose area was split means none, and says so.
with

divisions as (
    select * from {{ ref('divisions') }}
),

changes as (
    select * from {{ ref('division_successors') }}
),

current_codes as (
    select
        code as division_code,
        name as division_name,
        code as successor_code,
        true as is_current,
        false as is_split,
        cast(null as varchar) as resolution_note_zh,
        cast(null as varchar) as certainty
    from divisions
),

former_codes as (
    select
        changes.old_code as division_code,
        changes.old_name as division_name,
        changes.successor_code,
        false as is_current,
        changes.successor_code is null as is_split,
        case
            when changes.successor_code is null
                then concat('该区域已拆分到', replace(changes.successor_codes, ';', '、'), '，没有唯一的后继代码，保留原代码')
            else concat('旧代码', changes.old_code, '（', changes.old_name, '）对应现行代码', changes.successor_code)
        end as resolution_note_zh,
        changes.certainty
    from changes
    left join divisions on changes.old_code = divisions.code
    where divisions.code is null
)

select * from current_codes
union all
select * from former_codes
