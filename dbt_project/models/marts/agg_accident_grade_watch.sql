{{ config(materialized='incremental', incremental_strategy='touched', meta={'datasets': ['accidents']}) }}

-- A supplement that moves an accident across a bound of its grade, or gives it its first one, changes who must be told; until
-- the window closes it may move again.
with

touched as (
    select distinct
        region_code,
        accident_id
    from {{ ref('int_accidents_versioned') }}
),

reports as (
    select all_reports.*
    from {{ ref('fct_accident_reports') }} as all_reports
    inner join touched on all_reports.region_code = touched.region_code and all_reports.accident_id = touched.accident_id
    where not all_reports.is_repeated
),

compared as (
    select
        *,
        row_number() over (partition by region_code, accident_id order by report_number) as place,
        lag(grade_code) over (partition by region_code, accident_id order by report_number) as previous_grade_code,
        lag(grade_name) over (partition by region_code, accident_id order by report_number) as previous_grade_name
    from reports
),

clocks as (
    select distinct
        administration,
        hop_order,
        hop_name,
        least_severe_grade_code,
        valid_from,
        valid_to
    from {{ ref('ref_reporting_clocks_accidents') }}
),

told as (
    select
        compared.region_code,
        compared.accident_id,
        compared.report_number,
        max(clocks.hop_order) as last_hop_order
    from compared
    inner join clocks
        on
            compared.reporting_line = clocks.administration
            and compared.grade_code <= clocks.least_severe_grade_code
            and cast(compared.occurred_at as date) >= clocks.valid_from
            and (clocks.valid_to is null or cast(compared.occurred_at as date) < clocks.valid_to)
    group by compared.region_code, compared.accident_id, compared.report_number
)

select
    compared.region_code,
    compared.accident_id,
    compared.report_number,
    compared.known_from,
    compared.report_stage,
    compared.as_of_at,
    compared.previous_grade_code,
    compared.previous_grade_name,
    compared.grade_code,
    compared.grade_name,
    -- a grade where there was none is graver news than any
    coalesce(compared.grade_code < compared.previous_grade_code, true) as is_more_severe,
    clocks.hop_name as must_reach,
    compared.deaths_counted_persons,
    compared.window_days,
    compared.window_ends_at,
    compared.as_of_at <= compared.window_ends_at as is_within_window,
    compared.occurred_at,
    compared.accident_name,
    compared.delivery_id,
    compared.row_number
from compared
left join told
    on
        compared.region_code = told.region_code
        and compared.accident_id = told.accident_id
        and compared.report_number = told.report_number
left join clocks
    on
        compared.reporting_line = clocks.administration
        and told.last_hop_order = clocks.hop_order
        and cast(compared.occurred_at as date) >= clocks.valid_from
        and (clocks.valid_to is null or cast(compared.occurred_at as date) < clocks.valid_to)
where
    compared.place > 1
    and compared.grade_code is not null
    and compared.previous_grade_code is distinct from compared.grade_code
