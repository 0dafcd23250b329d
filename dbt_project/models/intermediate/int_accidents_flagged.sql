{{ config(materialized='incremental', incremental_strategy='touched', meta={'datasets': ['accidents']}) }}

with

findings as (
    select * from {{ ref('int_accidents_findings') }}
),

reports as (
    select * from {{ ref('int_accidents_ordered') }}
)

select
    'accidents' as dataset,
    findings.region_code,
    findings.accident_id,
    reports.delivery_id,
    reports.row_number,
    findings.rule_id,
    findings.column_name,
    findings.value_text,
    findings.compared_text,
    cast(null as double) as suggested_factor,
    reports.known_from
from findings
inner join reports
    on
        findings.region_code = reports.region_code
        and findings.accident_id = reports.accident_id
        and findings.report_number = reports.report_number
