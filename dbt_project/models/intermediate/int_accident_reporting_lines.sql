-- The levels a report passes. Where there is no prefecture in between (the districts of a municipality, the counties that report
-- straight to the province) the county reports to the province, unless a prefecture did receive it.
with

reports as (
    select * from {{ ref('int_accidents_ordered') }}
),

divisions as (
    select * from {{ ref('divisions') }}
),

units as (
    select * from {{ ref('ref_reporting_units') }}
),

resolved as (
    select * from {{ ref('int_divisions_resolved') }}
),

regions_with_prefectures as (
    select distinct parent_code as region_code
    from divisions
    where level = 'prefecture'
),

counties_of_their_own_line as (
    select distinct divisions.code
    from divisions
    inner join units on concat(';', units.division_codes, ';') like concat('%;', divisions.code, ';%')
    where divisions.level = 'county' and units.unit_kind = 'reporting_line'
)

select
    reports.region_code,
    reports.accident_id,
    reports.report_number,
    case
        when reports.reported_city_at is not null then 'prefecture'
        when own_line.code is not null then 'direct'
        when reports.region_code in (select divisions.code from divisions) and with_prefectures.region_code is null then 'direct'
        else 'prefecture'
    end as administration
from reports
left join regions_with_prefectures as with_prefectures on reports.region_code = with_prefectures.region_code
left join resolved on reports.known_place_code = resolved.division_code
left join counties_of_their_own_line as own_line on resolved.successor_code = own_line.code
