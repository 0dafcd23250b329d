with

divisions as (
    select * from {{ ref('divisions') }}
),

changes as (
    select
        *,
        -- only the year of a change is known; it stands for its start
        cast(cast(change_year as varchar) || '-01-01' as date) as changed_on
    from {{ ref('division_successors') }}
),

began as (
    select
        successor_code,
        min(changed_on) as valid_from
    from changes
    where creates_successor_code or old_code = successor_code
    group by successor_code
),

parents as (
    select
        changes.*,
        coalesce(prefectures.code, concat(substring(changes.old_code, 1, 2), '0000')) as parent_code
    from changes
    left join divisions as prefectures on concat(substring(changes.old_code, 1, 4), '00') = prefectures.code
)

select
    divisions.code,
    divisions.name,
    divisions.level,
    divisions.parent_code,
    began.valid_from,
    cast(null as date) as valid_to,
    true as is_current,
    cast(null as varchar) as successor_code,
    cast(null as varchar) as successor_codes,
    'current' as successor_status,
    cast(null as varchar) as certainty,
    cast(null as varchar) as note,
    divisions.centroid_lon as centroid_lon_wgs84,
    divisions.centroid_lat as centroid_lat_wgs84,
    divisions.inside_lon as inside_lon_wgs84,
    divisions.inside_lat as inside_lat_wgs84,
    divisions.gov_seat_lon_gcj02,
    divisions.gov_seat_lat_gcj02
from divisions
left join began on divisions.code = began.successor_code
union all
select
    old_code as code,
    old_name as name,
    case change_kind when '虚拟码' then 'pseudo' when '统计用码' then 'statistical' else 'county' end as level,
    parent_code,
    cast(null as date) as valid_from,
    changed_on as valid_to,
    false as is_current,
    successor_code,
    successor_codes,
    case when successor_code is null then 'unresolved_split' else 'resolved' end as successor_status,
    certainty,
    note,
    cast(null as double) as centroid_lon_wgs84,
    cast(null as double) as centroid_lat_wgs84,
    cast(null as double) as inside_lon_wgs84,
    cast(null as double) as inside_lat_wgs84,
    cast(null as double) as gov_seat_lon_gcj02,
    cast(null as double) as gov_seat_lat_gcj02
from parents
