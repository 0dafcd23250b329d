-- The table macro beside a mart, asked without a limit, gives the mart itself.
{% for mart in ['fct_disaster_losses', 'fct_accidents'] %}
(
    (select '{{ mart }}' as mart, count(*) as row_count from (
        select * from {{ ref(mart) }} except all select * from {{ as_of(ref(mart), known_by()) }}
    ) as missing having count(*) > 0)
    union all
    (select '{{ mart }}' as mart, count(*) as row_count from (
        select * from {{ as_of(ref(mart), known_by()) }} except all select * from {{ ref(mart) }}
    ) as surplus having count(*) > 0)
)
{% if not loop.last %}union all{% endif %}
{% endfor %}
