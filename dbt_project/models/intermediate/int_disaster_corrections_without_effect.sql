-- What a 更正 states or takes back without effect, because figures with precedence are known: final ones, or as of a later moment
-- (D24). Its sender believes the figure corrected; a value that is the known one anyway is no matter.
with

corrections as (
    select * from {{ ref('int_disaster_losses_ordered') }}
    where is_correction
),

statements as (
    select * from {{ ref('int_disaster_losses_unpivoted') }}
    where is_stated
),

known as (
    select * from {{ ref('int_disaster_losses_carried') }}
    where not is_new
)

select
    statements.region_code,
    statements.event_id,
    statements.delivery_id,
    statements.row_number,
    'D24' as rule_id,
    case statements.metric when 'stated_sum' then 'deaths_missing_persons' else statements.metric end as column_name,
    coalesce({{ plain_number_text('statements.value') }}, '撤回') as value_text,
    {{ plain_number_text('known.value') }} as compared_text,
    statements.known_from
from corrections
inner join statements
    on
        corrections.delivery_id = statements.delivery_id
        and corrections.row_number = statements.row_number
inner join known
    on
        statements.region_code = known.region_code
        and statements.event_id = known.event_id
        and statements.unit_code = known.unit_code
        and statements.metric = known.metric
        and statements.report_number = known.report_number
where statements.value is distinct from known.value
