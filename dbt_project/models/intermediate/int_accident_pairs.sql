-- Pairs to be judged: what lies near, and what people have decided about however far it lies.
with

near as (
    select * from {{ ref('int_accident_pairs_near') }}
),

versions as (
    select * from {{ ref('int_accident_versions_placed') }}
),

decided_pairs as (
    select distinct
        region_code,
        accident_id,
        other_region_code,
        other_accident_id
    from {{ ref('int_accident_pair_decisions') }}
),

decided as (
    select
        {{ accident_pair_columns() }},
        cast(null as varchar) as rule_code,
        cast(null as double) as km_apart,
        false as is_decisive,
        false as is_rival
    from decided_pairs
    inner join versions as a
        on decided_pairs.region_code = a.region_code and decided_pairs.accident_id = a.accident_id
    inner join versions as b
        on
            decided_pairs.other_region_code = b.region_code
            and decided_pairs.other_accident_id = b.accident_id
            and a.known_from < coalesce(b.known_to, {{ known_by() }})
            and b.known_from < coalesce(a.known_to, {{ known_by() }})
)

select * from near
union all
select decided.*
from decided
left join near
    on
        decided.region_code = near.region_code
        and decided.accident_id = near.accident_id
        and decided.report_number = near.report_number
        and decided.other_region_code = near.other_region_code
        and decided.other_accident_id = near.other_accident_id
        and decided.other_report_number = near.other_report_number
where near.region_code is null
