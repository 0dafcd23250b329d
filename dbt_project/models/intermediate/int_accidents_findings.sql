-- What only the history of an accident shows, one row per report, rule and column; kept, never corrected.
with

reports as (
    select * from {{ ref('int_accidents_ordered') }}
),

changed as (
    select * from {{ ref('int_accidents_changed') }}
),

counted as (
    select * from {{ ref('int_accidents_counted') }}
),

-- what an explanation, an earlier figure or the missing account for is no rise that is left out
late_rises as (
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
)

select
    region_code,
    accident_id,
    report_number,
    'W-ACC-30D' as rule_id,
    metric as column_name,
    cast(value as varchar) as value_text,
    cast(previous_value as varchar) as compared_text
from late_rises

union all

-- the same rule seen from its other side: a field told later leaves out what was counted before
select
    region_code,
    accident_id,
    report_number,
    'W-ACC-30D' as rule_id,
    'accident_kind' as column_name,
    known_kind as value_text,
    concat(
        '统计期为', cast(window_days as varchar), '日，计入统计的死亡人数由', cast(previously_counted_persons as varchar),
        '人减为', cast(deaths_counted_persons as varchar), '人'
    ) as compared_text
from {{ ref('int_accident_windows_shortened') }}

union all

-- missing persons found are no fall of casualties, nor are injured persons who died or whose injury turned out graver or lighter
select
    region_code,
    accident_id,
    report_number,
    'A-FALL' as rule_id,
    metric as column_name,
    cast(value as varchar) as value_text,
    cast(previous_value as varchar) as compared_text
from changed
where value + moved_persons < previous_value and metric <> 'missing_persons'

union all

select
    region_code,
    accident_id,
    report_number,
    'A-SEQ' as rule_id,
    'report_stage' as column_name,
    report_stage as value_text,
    out_of_order_after as compared_text
from {{ ref('int_accident_stages_sequenced') }}
where out_of_order_after is not null

union all

select
    typed.region_code,
    typed.accident_id,
    typed.report_number,
    'W-CODE-EDITION' as rule_id,
    'accident_type_code' as column_name,
    reports.accident_type_code as value_text,
    typed.edition_in_force as compared_text
from {{ ref('int_accidents_typed') }} as typed
inner join reports
    on
        typed.region_code = reports.region_code
        and typed.accident_id = reports.accident_id
        and typed.report_number = reports.report_number
where typed.is_type_of_other_edition and reports.accident_type_code is not null

union all

select
    region_code,
    accident_id,
    report_number,
    'A-LATE' as rule_id,
    to_column as column_name,
    cast(arrived_at as varchar) as value_text,
    cast(due_at as varchar) as compared_text
from {{ ref('int_accident_hops_judged') }}
where is_late

union all

select
    region_code,
    accident_id,
    report_number,
    'A-POINT' as rule_id,
    'place_lon' as column_name,
    concat(cast(place_lon as varchar), ', ', cast(place_lat as varchar)) as value_text,
    concat(place_name, '，相距', cast(cast(round(distance_km, 0) as integer) as varchar), '千米') as compared_text
from {{ ref('int_accident_points_measured') }}
where is_too_far and is_stated_here
