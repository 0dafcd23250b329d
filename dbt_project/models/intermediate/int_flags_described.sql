-- Flags with the texts of their rule: of the standard for what landing warns of, of ref_flag_rules for what needs history.
with

flags as (
    select * from {{ ref('int_flags_united') }}
),

landing_rules as (
    select * from {{ source('raw', 'row_rules') }}
),

history_rules as (
    select * from {{ ref('ref_flag_rules') }}
),

columns as (
    select * from {{ ref('stg_columns') }}
)

select
    flags.*,
    coalesce(landing_rules.severity, own_rules.severity, common_rules.severity) as severity,
    coalesce(landing_rules.title_zh, own_rules.title_zh, common_rules.title_zh) as title_zh,
    coalesce(landing_rules.title_en, own_rules.title_en, common_rules.title_en) as title_en,
    coalesce(landing_rules.fix_zh, own_rules.fix_zh, common_rules.fix_zh) as fix_zh,
    coalesce(landing_rules.source, own_rules.source, common_rules.source) as rule_source,
    columns.title_zh as column_title_zh,
    -- landing shows a value as it was sent, in the sender's own unit
    case when flags.found_by = 'history' then columns.unit end as unit,
    coalesce(columns.column_type in {{ number_types() }}, false) as is_number
from flags
left join landing_rules
    on flags.found_by = 'landing' and flags.dataset = landing_rules.dataset and flags.rule_id = landing_rules.rule_id
left join history_rules as own_rules
    on flags.found_by <> 'landing' and flags.dataset = own_rules.dataset and flags.rule_id = own_rules.rule_id
left join history_rules as common_rules
    on flags.found_by <> 'landing' and common_rules.dataset = '*' and flags.rule_id = common_rules.rule_id
left join columns on flags.dataset = columns.dataset and flags.column_name = columns.column_name
