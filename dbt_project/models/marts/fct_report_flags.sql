with

flags as (
    select * from {{ ref('int_flags_described') }}
),

deliveries as (
    select * from {{ ref('fct_deliveries') }}
),

superseded as (
    select * from {{ ref('int_reports_superseded') }}
),

-- open until a later report about the same thing is known. What shows only with another report, later than the one that followed this line,
-- speaks of a value that still stands, and is open
ended as (
    select
        flags.*,
        case
            when flags.outlives_report then null
            when superseded.known_to > flags.known_from or flags.known_from <= superseded.known_from then superseded.known_to
        end as followed_at
    from flags
    left join superseded on flags.delivery_id = superseded.delivery_id and flags.row_number = superseded.row_number
)

select
    -- ids
    ended.dataset,
    deliveries.feed_id,
    ended.region_code,
    ended.delivery_id,
    deliveries.file_name,
    ended.row_number,
    ended.rule_id,
    ended.column_name,
    ended.found_by,
    ended.severity,

    -- what was found
    ended.column_title_zh,
    ended.unit,
    case when ended.is_number then {{ readable_number('ended.value_text') }} else ended.value_text end as value_text,
    case
        when ended.found_by = 'held' then null
        when ended.is_number then {{ readable_number('ended.compared_text') }}
        else ended.compared_text
    end as compared_text,
    ended.suggested_factor,
    case when ended.found_by = 'held' then ended.compared_text end as held_because_zh,

    -- what the rule says
    ended.title_zh,
    ended.title_en,
    ended.fix_zh,
    ended.rule_source,

    -- times
    ended.known_from,
    case when ended.cleared_at <= coalesce(ended.followed_at, ended.cleared_at) then ended.cleared_at else ended.followed_at end as known_to,
    ended.cleared_at
from ended
inner join deliveries on ended.delivery_id = deliveries.delivery_id
