-- known_to is known_from of the next version; equal where two became known at the same instant, never before.
{% for mart in ['fct_disaster_loss_reports', 'fct_disaster_loss_metric_versions', 'fct_accident_reports'] %}
select '{{ mart }}' as mart, region_code, known_from, known_to
from {{ ref(mart) }}
where known_to < known_from
{% if not loop.last %}union all{% endif %}
{% endfor %}
