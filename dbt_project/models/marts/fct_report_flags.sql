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

settled as (
    select * from {{ ref('int_flags_settled') }}
)

select
    -- ids
    flags.dataset,
    deliveries.feed_id,
    flags.region_code,
    flags.delivery_id,
    deliveries.file_name,
    flags.row_number,
    flags.rule_id,
    flags.column_name,
    flags.found_by,
    flags.severity,

    -- what was found
    flags.column_title_zh,
    flags.unit,
    case when flags.is_number then {{ readable_number('flags.value_text') }} else flags.value_text end as value_text,
    case
        when flags.found_by = 'held' then null
        when flags.is_number then {{ readable_number('flags.compared_text') }}
        else flags.compared_text
    end as compared_text,
    flags.suggested_factor,
    case when flags.found_by = 'held' then flags.compared_text end as held_because_zh,

    -- what the rule says
    flags.title_zh,
    flags.title_en,
    flags.fix_zh,
    flags.rule_source,

    -- times: open until a later report about the same thing is known, or until it is settled where no report can do that. What shows
    -- only with another report, later than the one that followed this line, speaks of a value that still stands, and is open
    flags.known_from,
    case
        when settled.rule_id is not null then settled.settled_at
        when superseded.known_to > flags.known_from or flags.known_from <= superseded.known_from then superseded.known_to
    end as known_to
from flags
inner join deliveries on flags.delivery_id = deliveries.delivery_id
left join superseded on flags.delivery_id = superseded.delivery_id and flags.row_number = superseded.row_number
left join settled
    on
        flags.delivery_id = settled.delivery_id
        and flags.row_number = settled.row_number
        and flags.rule_id = settled.rule_id
