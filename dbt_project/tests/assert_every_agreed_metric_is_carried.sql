-- A metric added to a standard without being carried would vanish between landing and marts.
{% for dataset, metrics in {'disaster_losses': loss_metrics(), 'accidents': accident_metrics()}.items() %}
select dataset, column_name
from {{ ref('stg_columns') }}
where
    dataset = '{{ dataset }}'
    and column_type in ('count', 'money', 'area', 'number')
    -- a point is where something is, not how much of it
    and column_name not like '%\_lon' escape '\' and column_name not like '%\_lat' escape '\'
    and column_name not in ('{{ metrics | join("', '") }}')
{% if not loop.last %}union all{% endif %}
{% endfor %}
