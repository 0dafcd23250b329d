-- How far a reported point lies from the centre of the division named with it (WGS 84). A former code stands for its successor; a division
-- that was split has no centre and is not measured.
with

typed as (
    select * from {{ ref('int_accidents_typed') }}
),

reports as (
    select * from {{ ref('int_accidents_ordered') }}
),

resolved as (
    select * from {{ ref('int_divisions_resolved') }}
),

divisions as (
    select * from {{ ref('divisions') }}
),

rules as (
    select * from {{ ref('ref_accident_point_rules') }}
),

measured as (
    select
        typed.region_code,
        typed.accident_id,
        typed.report_number,
        typed.place_lon,
        typed.place_lat,
        reports.place_lon is not null or reports.place_code is not null as is_stated_here,
        divisions.name as place_name,
        {{ distance_km(
            'typed.place_lon_wgs84', 'typed.place_lat_wgs84', 'divisions.centroid_lon', 'divisions.centroid_lat'
        ) }} as distance_km,
        rules.max_km
    from typed
    inner join reports
        on
            typed.region_code = reports.region_code
            and typed.accident_id = reports.accident_id
            and typed.report_number = reports.report_number
    inner join resolved on reports.known_place_code = resolved.division_code
    inner join divisions on resolved.successor_code = divisions.code
    inner join rules
        on
            divisions.level = rules.level
            and cast(reports.occurred_at as date) >= rules.valid_from
            and (rules.valid_to is null or cast(reports.occurred_at as date) < rules.valid_to)
    where typed.place_lon_wgs84 is not null
)

select
    *,
    distance_km > max_km as is_too_far
from measured
