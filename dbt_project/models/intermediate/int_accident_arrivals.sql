-- One row per report and level: when the report was there.
with

reports as (
    select * from {{ ref('int_accident_reports_united') }}
)

{% for column in accident_clock_columns() -%}
select
    region_code,
    accident_id,
    report_number,
    '{{ column }}' as level_column,
    {{ column }} as arrived_at
from reports
where {{ column }} is not null
{% if not loop.last %}union all
{% endif %}
{%- endfor %}
