-- Which of two regions counts an accident that both report: people decide, else the region both place it in; where each places it
-- in itself nobody is taken out of the count.
with

pairs as (
    select * from {{ ref('int_accident_pairs') }}
),

decisions as (
    select * from {{ ref('int_accident_pair_decisions') }}
),

stretches as (
    select
        pairs.*,
        decisions.decision,
        decisions.counted_region_code as decided_region_code,
        decisions.source as decision_source,
        coalesce(pairs.place_region_code, pairs.other_place_region_code) as place_a,
        coalesce(pairs.other_place_region_code, pairs.place_region_code) as place_b,
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
),

judged as (
    select
        *,
        case
            when decision is not null then decided_region_code
            when is_decisive and place_a = place_b and place_a in (region_code, other_region_code) then place_a
        end as counted_region_code
    from stretches
)

select
    region_code,
    accident_id,
    other_region_code,
    other_accident_id,
    cast(report_number as integer) as report_number,
    cast(other_report_number as integer) as other_report_number,
    case
        when decision = 'different' then 'different'
        when counted_region_code is not null then 'same'
        else 'undecided'
    end as judgement,
    case when decision is not null then 'decision' else rule_code end as judged_by,
    counted_region_code,
    case counted_region_code when region_code then accident_id when other_region_code then other_accident_id end as counted_accident_id,
    case counted_region_code when region_code then other_region_code when other_region_code then region_code end as not_counted_region_code,
    case counted_region_code when region_code then other_accident_id when other_region_code then accident_id end as not_counted_accident_id,
    cast(round(minutes_apart, 1) as double) as minutes_apart,
    cast(round(km_apart, 3) as double) as km_apart,
    decision_source,
    stretch_from as known_from,
    stretch_to as known_to
from judged
