-- Legal grade that a report gives by its own figures.
with

reports as (
    select
        region_code,
        accident_id,
        report_number,
        occurred_at,
        {{ timely_deaths('deaths_persons', 'late_deaths_persons') }} as timely_deaths_persons,
        serious_injuries_persons,
        direct_loss_cny
    from {{ ref('int_accident_reports_united') }}
),

{{ most_severe_grades('reports', {
    'deaths_persons': 'timely_deaths_persons',
    'serious_injuries_persons': 'serious_injuries_persons',
    'direct_loss_cny': 'direct_loss_cny',
}) }}

select
    region_code,
    accident_id,
    report_number,
    grade_code
from graded
