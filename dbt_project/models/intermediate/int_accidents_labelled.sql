with

reports as (
    select * from {{ ref('int_accidents_ordered') }}
),

labels as (
    {{ figure_labels(ref('int_accidents_unpivoted'), ref('int_accidents_carried'), ['region_code', 'accident_id', 'window_number']) }}
)

select labels.*
from labels
inner join reports
    on
        labels.region_code = reports.region_code
        and labels.accident_id = reports.accident_id
        and labels.window_number = reports.window_number
        and labels.report_number = reports.report_number
