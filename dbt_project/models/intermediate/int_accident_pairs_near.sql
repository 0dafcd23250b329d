-- Versions of two accidents of two regions that were known at the same time and lie near each other in time and place, and do not differ
-- in what kind of accident they say they are. Where one of them names its day only, the days are compared, which decides nothing.
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

met as (
    select
        a.region_code,
        a.accident_id,
        a.report_number,
        b.region_code as other_region_code,
        b.accident_id as other_accident_id,
        b.report_number as other_report_number
    from reached as a
    inner join versions as b on a.reached_slot = b.time_slot and a.region_code < b.region_code
    union
    select
        a.region_code,
        a.accident_id,
        a.report_number,
        b.region_code as other_region_code,
        b.accident_id as other_accident_id,
        b.report_number as other_report_number
    from versions as a
    inner join versions as b on cast(a.occurred_at as date) = cast(b.occurred_at as date) and a.region_code < b.region_code
    where {{ stands_for_its_day('a.occurred_at') }} or {{ stands_for_its_day('b.occurred_at') }}
),

pairs as (
    select
        {{ accident_pair_columns() }},
        concat(
            case when {{ stands_for_its_day('a.occurred_at') }} or {{ stands_for_its_day('b.occurred_at') }} then 'same_day_' else '' end,
            case when a.point_lon is not null and b.point_lon is not null then 'both_points' else 'place_centres' end
        ) as rule_code,
        {{ distance_km(
            'coalesce(case when b.point_lon is not null then a.point_lon end, a.centre_lon)',
            'coalesce(case when b.point_lon is not null then a.point_lat end, a.centre_lat)',
            'coalesce(case when a.point_lon is not null then b.point_lon end, b.centre_lon)',
            'coalesce(case when a.point_lon is not null then b.point_lat end, b.centre_lat)'
        ) }} as km_apart
    from met
    inner join versions as a
        on met.region_code = a.region_code and met.accident_id = a.accident_id and met.report_number = a.report_number
    inner join versions as b
        on
            met.other_region_code = b.region_code
            and met.other_accident_id = b.accident_id
            and met.other_report_number = b.report_number
    where
        a.known_from < coalesce(b.known_to, {{ known_by() }})
        and b.known_from < coalesce(a.known_to, {{ known_by() }})
        and coalesce(a.accident_kind = b.accident_kind, true)
        and coalesce(a.accident_type_family = b.accident_type_family, true)
)

select
    pairs.*,
    rules.is_decisive,
    rules.is_rival
from pairs
inner join rules
    on
        pairs.rule_code = rules.rule_code
        and pairs.km_apart <= rules.max_km
        and (
            {{ minutes_between('pairs.occurred_at', 'pairs.other_occurred_at') }} <= rules.max_minutes
            or (pairs.minutes_apart is null and cast(pairs.occurred_at as date) = cast(pairs.other_occurred_at as date))
        )
        and cast(pairs.occurred_at as date) >= rules.valid_from
        and (rules.valid_to is null or cast(pairs.occurred_at as date) < rules.valid_to)
