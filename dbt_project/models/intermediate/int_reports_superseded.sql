-- When a landed line was followed by a later report about the same thing. A test holds this list against the marts of versions.
{%- set versions = [
    'fct_accident_reports',
    'fct_disaster_loss_reports',
    'fct_statistics',
    'fct_team_reports',
    'fct_supply_stock_reports',
    'fct_supply_movement_reports',
    'fct_expert_reports',
] %}
with

reports as (
    {%- for model in versions %}
    {%- if not loop.first %}
    union all
    {%- endif %}
    select delivery_id, row_number, known_from, known_to from {{ ref(model) }}
    {%- endfor %}
)

-- a line of a wide form is superseded once all of its cells are
select
    delivery_id,
    row_number,
    max(known_from) as known_from,
    case when count(known_to) = count(*) then max(known_to) end as known_to
from reports
group by delivery_id, row_number
having count(known_to) = count(*)
