-- What kind of accident it is by the codes, as known with each report. A code belongs to the edition it stands in, unless the sender
-- names the other edition and that one holds a class of the same name; nothing else is recoded, a split never.
with

reports as (
    select * from {{ ref('int_accidents_ordered') }}
),

types as (
    select * from {{ ref('ref_accident_types') }}
),

editions as (
    select * from {{ ref('int_accident_types_in_force') }}
),

industries as (
    select * from {{ ref('ref_industries') }}
),

fields as (
    select * from {{ ref('ref_industry_accident_fields') }}
)

select
    reports.region_code,
    reports.accident_id,
    reports.report_number,
    coalesce(same_name.type_code, coded.type_code) as accident_type_code,
    coalesce(same_name.standard_code, coded.standard_code) as accident_type_standard,
    coded.type_name as accident_type_name,
    coalesce(same_name.family_name, coded.family_name) as accident_type_family,
    coalesce(same_name.standard_code, coded.standard_code) <> editions.standard_code as is_type_of_other_edition,
    editions.standard_code as edition_in_force,
    industries.industry_code,
    industries.section_code as industry_section_code,
    fields.is_industry_trade,
    reports.known_place_lon as place_lon,
    reports.known_place_lat as place_lat,
    reports.known_place_datum as place_datum,
    {{ wgs84_lon('reports.known_place_lon', 'reports.known_place_lat', 'reports.known_place_datum') }} as place_lon_wgs84,
    {{ wgs84_lat('reports.known_place_lon', 'reports.known_place_lat', 'reports.known_place_datum') }} as place_lat_wgs84
from reports
left join types as coded on reports.known_type_code = coded.type_code
left join types as same_name
    on
        reports.known_type_standard = same_name.standard_code
        and coded.standard_code <> same_name.standard_code
        and coded.type_name = same_name.type_name
left join editions
    on
        cast(reports.occurred_at as date) >= editions.valid_from
        and (editions.valid_to is null or cast(reports.occurred_at as date) < editions.valid_to)
left join industries on reports.known_industry_code = industries.industry_code
left join fields
    on
        industries.section_code = fields.section_code
        and cast(reports.occurred_at as date) >= fields.valid_from
        and (fields.valid_to is null or cast(reports.occurred_at as date) < fields.valid_to)
