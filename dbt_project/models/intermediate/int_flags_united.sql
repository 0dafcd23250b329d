-- Everything that is to be said about landed rows, one row per delivery, line, rule and column. A test holds this list against the
-- models there are: a new int_<dataset>_flagged is added here.
{%- set history = [
    'int_flags_same_key',
    'int_accidents_flagged',
    'int_accident_duplicates_flagged',
    'int_disaster_losses_flagged',
    'int_loss_outliers_flagged',
    'int_teams_flagged',
    'int_supplies_flagged',
    'int_supply_movements_flagged',
    'int_supply_documents_flagged',
] %}
with

flags as (
    select 'landing' as found_by, {{ flag_columns() }} from {{ ref('int_flags_landed') }}
    union all
    select 'held' as found_by, {{ flag_columns() }} from {{ ref('int_flags_held') }}
    {%- for model in history %}
    union all
    select 'history' as found_by, {{ flag_columns() }} from {{ ref(model) }}
    {%- endfor %}
),

counted as (
    select
        *,
        count(*) over (
            partition by found_by, dataset, region_code, delivery_id, row_number, rule_id, column_name
        ) as cell_count
    from flags
)

select
    found_by,
    {{ flag_columns() }}
from counted
where cell_count = 1

union all

-- a line of a wide form has several cells of one column: what is said of them stands together. Apart from the others, because lists are
-- dear and there are few
select
    found_by,
    dataset,
    region_code,
    delivery_id,
    row_number,
    rule_id,
    column_name,
    string_agg(distinct value_text, '；' order by value_text) as value_text,
    string_agg(distinct compared_text, '；' order by compared_text) as compared_text,
    case when min(suggested_factor) = max(suggested_factor) then min(suggested_factor) end as suggested_factor,
    min(known_from) as known_from
from counted
where cell_count > 1
group by found_by, dataset, region_code, delivery_id, row_number, rule_id, column_name
