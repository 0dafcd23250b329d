-- Which of two regions counts an accident that both report: people decide, else the region both place it in, if neither of the two has another
-- counterpart; where each places it in itself, or one says nothing of the place, nobody is taken out of the count.
with

pairs as (
    select * from {{ ref('int_accident_pairs_contested') }}
),

judged as (
    select
        *,
        case
            when decision is not null then decided_region_code
            when
                is_decisive
                and not is_contested
                and place_region_code = other_place_region_code
                and place_region_code in (region_code, other_region_code)
                then place_region_code
        end as counted_region_code
    from pairs
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
    piece_from as known_from,
    piece_to as known_to
from judged
