-- Versions of accidents that count by themselves, with where they were and a time slot as long as the longest rule allows, so that
-- only neighbours in time are compared.
with

versions as (
    select * from {{ ref('fct_accident_reports') }}
    -- a version that was replaced at the moment it became known was never what was known
    where is_counted and (known_to is null or known_to > known_from)
),

resolved as (
    select * from {{ ref('int_divisions_resolved') }}
),

divisions as (
    select * from {{ ref('divisions') }}
),

rules as (
    select max(max_minutes) as slot_minutes from {{ ref('ref_border_duplicate_rules') }}
)

select
    versions.region_code,
    versions.accident_id,
    versions.report_number,
    versions.known_from,
    versions.known_to,
    versions.occurred_at,
    versions.accident_kind,
    versions.accident_type_family,
    versions.place_code,
    -- the first two digits of a GB/T 2260 code are the province, in former codes as well
    case when versions.place_code is not null then concat(substring(versions.place_code, 1, 2), '0000') end as place_region_code,
    versions.place_lon_wgs84 as point_lon,
    versions.place_lat_wgs84 as point_lat,
    divisions.centroid_lon as centre_lon,
    divisions.centroid_lat as centre_lat,
    cast(
        floor({{ dbt.datediff("cast('2000-01-01' as timestamp)", 'versions.occurred_at', 'minute') }} / (1.0 * rules.slot_minutes)) as bigint
    ) as time_slot
from versions
cross join rules
left join resolved on versions.place_code = resolved.division_code
left join divisions on resolved.successor_code = divisions.code
