-- Versions of two accidents of two regions that were known at the same time and lie near each other in time and place, and do not differ
-- in what kind of accident they say they are.
with

versions as (
    select * from {{ ref('int_accident_versions_placed') }}
),

rules as (
    select * from {{ ref('ref_border_duplicate_rules') }}
),

-- two accidents as far apart as a rule allows lie in the same slot of time or in neighbouring ones
reached as (
    {%- for step in [-1, 0, 1] %}
    select *, time_slot + {{ step }} as reached_slot from versions
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

pairs as (
    select
        {{ accident_pair_columns() }},
        abs({{ dbt.datediff('a.occurred_at', 'b.occurred_at', 'second') }}) / 60.0 as minutes_apart,
        case
            when a.point_lon is not null and b.point_lon is not null then 'both_points' else 'place_centres'
        end as rule_code,
        {{ distance_km(
            'coalesce(case when b.point_lon is not null then a.point_lon end, a.centre_lon)',
            'coalesce(case when b.point_lon is not null then a.point_lat end, a.centre_lat)',
            'coalesce(case when a.point_lon is not null then b.point_lon end, b.centre_lon)',
            'coalesce(case when a.point_lon is not null then b.point_lat end, b.centre_lat)'
        ) }} as km_apart
    from reached as a
    inner join versions as b on a.reached_slot = b.time_slot
    where
        a.region_code < b.region_code
        and a.known_from < coalesce(b.known_to, {{ known_by() }})
        and b.known_from < coalesce(a.known_to, {{ known_by() }})
        and coalesce(a.accident_kind = b.accident_kind, true)
        and coalesce(a.accident_type_family = b.accident_type_family, true)
)

select
    pairs.*,
    rules.is_decisive
from pairs
inner join rules
    on
        pairs.rule_code = rules.rule_code
        and pairs.minutes_apart <= rules.max_minutes
        and pairs.km_apart <= rules.max_km
        and cast(pairs.occurred_at as date) >= rules.valid_from
        and (rules.valid_to is null or cast(pairs.occurred_at as date) < rules.valid_to)
