-- Pairs with what people had decided about them, from when to when.
with

pairs as (
    select * from {{ ref('int_accident_pairs') }}
),

decisions as (
    select * from {{ ref('int_accident_pair_decisions') }}
)

select
    pairs.*,
    decisions.decision,
    decisions.counted_region_code as decided_region_code,
    decisions.source as decision_source,
    case when decisions.valid_from > pairs.known_from then decisions.valid_from else pairs.known_from end as stretch_from,
    case
        when decisions.valid_to < coalesce(pairs.known_to, {{ known_by() }}) then decisions.valid_to else pairs.known_to
    end as stretch_to
from pairs
left join decisions
    on
        pairs.region_code = decisions.region_code
        and pairs.accident_id = decisions.accident_id
        and pairs.other_region_code = decisions.other_region_code
        and pairs.other_accident_id = decisions.other_accident_id
        and decisions.valid_from < coalesce(pairs.known_to, {{ known_by() }})
        and coalesce(decisions.valid_to, {{ known_by() }}) > pairs.known_from
-- a pair known only from a decision is a pair from then on
where pairs.rule_code is not null or decisions.decision is not null
