-- What only the history of an accident shows, one row per report, rule and column; kept, never corrected.
select
    region_code,
    accident_id,
    report_number,
    'W-ACC-30D' as rule_id,
    metric as column_name,
    cast(value as varchar) as value_text,
    cast(previous_value as varchar) as compared_text
from {{ ref('int_accident_rises_left_out') }}

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
from {{ ref('int_accidents_changed') }}
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
inner join {{ ref('int_accidents_ordered') }} as reports
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
