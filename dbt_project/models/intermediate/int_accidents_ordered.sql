{%- set keys = ['region_code', 'accident_id'] -%}
with

numbered as (
    select * from {{ ref('int_accidents_numbered') }}
),

kinds as (
    select * from {{ ref('ref_accident_kinds') }}
),

windows as (
    select * from {{ ref('ref_statistical_windows') }}
),

described as (
    select
        *,
        {{ last_known('accident_name', keys) }} as known_name,
        {{ last_known('accident_kind', keys) }} as known_kind,
        {{ last_known('place_code', keys) }} as known_place_code,
        {{ last_known('industry_code', keys) }} as known_industry_code,
        -- a code with its edition, a point with its datum: stated together or not at all, never mixed between reports
        {{ last_known('accident_type_code', keys) }} as known_type_code,
        nullif(
            {{ last_known("case when accident_type_code is not null then coalesce(accident_type_standard, '') end", keys) }}, ''
        ) as known_type_standard,
        {{ last_known('case when place_lat is not null then place_lon end', keys) }} as known_place_lon,
        {{ last_known('case when place_lon is not null then place_lat end', keys) }} as known_place_lat,
        nullif(
            {{ last_known("case when place_lon is not null and place_lat is not null then coalesce(place_datum, '') end", keys) }}, ''
        ) as known_place_datum,
        coalesce({{ last_known('case when is_cancellation then true when is_restoration then false end', keys) }}, false) as is_cancelled,
        -- one number for all copies of one report, that of the one that is judged: which delivery came first decides nothing between them
        max(report_number) over (
            partition by region_code, accident_id, known_from, as_of_at, report_stage
        ) as judged_report_number,
        min(case when is_final = 1 then as_of_at end) over (
            partition by region_code, accident_id order by report_number rows unbounded preceding
        ) as first_final_as_of_at,
        lead(known_from) over (partition by region_code, accident_id order by report_number) as known_to
    from numbered
),

windowed as (
    select
        described.*,
        windows.window_days,
        -- the day of the accident is not counted, the last day is, to its end: 24:00 is 0:00 of the next day
        cast(
            {{ dbt.dateadd('day', '(windows.window_days + 1)', 'cast(described.occurred_at as date)') }} as timestamp
        ) as window_ends_at
    from described
    left join kinds on described.known_kind = kinds.kind_code
    -- an accident of a field not yet reported has the general window; one before there was a window has none
    left join windows
        on
            coalesce(kinds.window_code, 'general') = windows.window_code
            and cast(described.occurred_at as date) >= windows.valid_from
            and (windows.valid_to is null or cast(described.occurred_at as date) < windows.valid_to)
)

select
    *,
    -- what was known under one window is judged together: most accidents have one, a field told later may give a second
    dense_rank() over (partition by region_code, accident_id order by window_ends_at) as window_number,
    -- only what was final before and speaks of an earlier moment: what is found out later changes no earlier day
    coalesce(may_outrank_final and first_final_as_of_at < as_of_at, false) as outranks_final_until_window_ends,
    -- by the window known with the report itself
    coalesce(may_outrank_final and first_final_as_of_at < as_of_at and as_of_at <= window_ends_at, false) as outranks_final
from windowed
