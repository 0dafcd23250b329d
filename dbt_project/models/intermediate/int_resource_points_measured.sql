-- How far the stated base of a team or place of a warehouse lies from the centre of the division named with it (WGS84). A warehouse
-- is measured once per statement, not once per lot. A division that was split has no centre and is not measured.
with

teams as (
    {{ with_told_again(ref('fct_team_reports'), ['region_code', 'team_id']) }}
),

statements as (
    {{ with_told_again(ref('fct_supply_stock_reports'), ['region_code', 'warehouse_id', 'item_code', 'lot_number', 'storage_kind']) }}
),

points as (
    select
        'teams' as dataset,
        'base_lon' as column_name,
        region_code,
        delivery_id,
        row_number,
        known_from,
        shown_until,
        as_of_at,
        base_division_current_code as division_code,
        base_lon_wgs84 as lon,
        base_lat_wgs84 as lat
    from teams
    union all
    select
        'supplies' as dataset,
        'warehouse_lon' as column_name,
        region_code,
        delivery_id,
        min(row_number) as row_number,
        min(known_from) as known_from,
        case when count(shown_until) = count(*) then max(shown_until) end as shown_until,
        as_of_at,
        warehouse_division_current_code as division_code,
        warehouse_lon_wgs84 as lon,
        warehouse_lat_wgs84 as lat
    from statements
    group by
        region_code,
        warehouse_id,
        delivery_id,
        as_of_at,
        warehouse_division_current_code,
        warehouse_lon_wgs84,
        warehouse_lat_wgs84
),

divisions as (
    select * from {{ ref('divisions') }}
),

rules as (
    select * from {{ ref('ref_accident_point_rules') }}
)

select
    points.*,
    divisions.name as division_name,
    {{ distance_km('points.lon', 'points.lat', 'divisions.centroid_lon', 'divisions.centroid_lat') }} as distance_km,
    rules.max_km
from points
inner join divisions on points.division_code = divisions.code
inner join rules on divisions.level = rules.level and {{ in_force('rules', day_of_moment('points.as_of_at')) }}
where points.lon is not null
