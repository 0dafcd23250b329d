-- A pair is contested while one of the two accidents has another counterpart in the other region: at most one of them can be the same. One
-- that lies as near and names its day only is such a counterpart, though it decides nothing itself. Cut where a rival comes or goes, so that
-- what becomes known later changes no earlier day.
{%- set keys = ['region_code', 'accident_id', 'other_region_code', 'other_accident_id', 'stretch_from'] %}
{%- set listed = keys | join(', ') %}
with

stretches as (
    select * from {{ ref('int_accident_pair_stretches') }}
),

candidates as (
    select * from stretches
    where coalesce(decision = 'counts_here', is_decisive and decision is null)
),

counterparts as (
    select * from stretches
    where coalesce(decision = 'counts_here', is_rival and decision is null)
),

rivalries as (
    select
        {%- for key in keys %}
        candidates.{{ key }},
        {%- endfor %}
        candidates.stretch_to,
        rivals.stretch_from as rival_from,
        rivals.stretch_to as rival_to
    from candidates
    inner join counterparts as rivals
        on
            candidates.region_code = rivals.region_code
            and candidates.other_region_code = rivals.other_region_code
            and (candidates.accident_id = rivals.accident_id) <> (candidates.other_accident_id = rivals.other_accident_id)
            and candidates.stretch_from < coalesce(rivals.stretch_to, {{ known_by() }})
            and rivals.stretch_from < coalesce(candidates.stretch_to, {{ known_by() }})
),

cuts as (
    select {{ listed }}, stretch_from as cut_at from stretches
    union
    select {{ listed }}, rival_from as cut_at from rivalries
    where rival_from > stretch_from
    union
    select {{ listed }}, rival_to as cut_at from rivalries
    where rival_to < coalesce(stretch_to, {{ known_by() }})
),

pieces as (
    select
        *,
        lead(cut_at) over (partition by {{ listed }} order by cut_at) as next_cut_at
    from cuts
),

contested as (
    select distinct
        {%- for key in keys %}
        pieces.{{ key }},
        {%- endfor %}
        pieces.cut_at
    from pieces
    inner join rivalries
        on
            {%- for key in keys %}
            pieces.{{ key }} = rivalries.{{ key }}
            and
            {%- endfor %}
            pieces.cut_at >= rivalries.rival_from
            and pieces.cut_at < coalesce(rivalries.rival_to, {{ known_by() }})
)

select
    stretches.*,
    pieces.cut_at as piece_from,
    coalesce(pieces.next_cut_at, stretches.stretch_to) as piece_to,
    contested.cut_at is not null as is_contested
from stretches
inner join pieces
    on
        {%- for key in keys %}
        stretches.{{ key }} = pieces.{{ key }}{{ ' and' if not loop.last }}
        {%- endfor %}
left join contested
    on
        {%- for key in keys %}
        pieces.{{ key }} = contested.{{ key }} and
        {%- endfor %}
        pieces.cut_at = contested.cut_at
