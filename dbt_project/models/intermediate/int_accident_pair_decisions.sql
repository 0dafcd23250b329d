-- What people decided about a pair, with the regions in the order of the pairs, from when to when; before the first decision nothing is.
with

decisions as (
    select
        case when region_code < other_region_code then region_code else other_region_code end as region_code,
        case when region_code < other_region_code then accident_id else other_accident_id end as accident_id,
        case when region_code < other_region_code then other_region_code else region_code end as other_region_code,
        case when region_code < other_region_code then other_accident_id else accident_id end as other_accident_id,
        decision,
        case when decision = 'counts_here' then region_code end as counted_region_code,
        source,
        -- decided on a day is known from its last second, as everywhere, and so still on that day
        {{ dbt.dateadd('second', -1, dbt.dateadd('day', 1, 'cast(decided_on as timestamp)')) }} as valid_from
    from {{ ref('accident_duplicate_decisions') }}
),

stretches as (
    select
        *,
        lead(valid_from) over (
            partition by region_code, accident_id, other_region_code, other_accident_id order by valid_from
        ) as valid_to
    from decisions
)

select * from stretches
union all
select
    region_code,
    accident_id,
    other_region_code,
    other_accident_id,
    cast(null as varchar) as decision,
    cast(null as varchar) as counted_region_code,
    cast(null as varchar) as source,
    cast('0001-01-01' as timestamp) as valid_from,
    min(valid_from) as valid_to
from decisions
group by region_code, accident_id, other_region_code, other_accident_id
