-- Everything that is to be said about landed rows, one row per delivery, line, rule, column and stretch of time. A test holds these lists
-- against the models there are: a new int_<dataset>_flagged is added here.
{%- set history = [
    'int_flags_same_key',
    'int_accidents_flagged',
    'int_disaster_losses_flagged',
    'int_loss_outliers_flagged',
] %}
{#- What is known later can clear these. True: the finding goes on when its line is followed by a later report. -#}
{%- set over_time = {
    'int_accident_duplicates_flagged': true,
    'int_loss_imbalances_flagged': true,
    'int_loss_crowds_flagged': false,
    'int_teams_flagged': false,
    'int_supplies_flagged': false,
    'int_supply_lots_flagged': false,
    'int_supply_movements_flagged': false,
    'int_supply_documents_flagged': false,
} %}
{%- set cell = 'found_by, dataset, region_code, delivery_id, row_number, rule_id, column_name' %}
with

flags as (
    select 'landing' as found_by, {{ flag_columns() }}, cast(null as timestamp) as cleared_at, false as outlives_report
    from {{ ref('int_flags_landed') }}
    union all
    select 'held' as found_by, {{ flag_columns() }}, cast(null as timestamp) as cleared_at, false as outlives_report
    from {{ ref('int_flags_held') }}
    {%- for model in history %}
    union all
    select 'history' as found_by, {{ flag_columns() }}, cast(null as timestamp) as cleared_at, false as outlives_report
    from {{ ref(model) }}
    {%- endfor %}
    {%- for model, outlives_report in over_time.items() %}
    union all
    select 'history' as found_by, {{ flag_stretch_columns() }}, {{ outlives_report }} as outlives_report
    from {{ ref(model) }}
    {%- endfor %}
),

counted as (
    select
        *,
        coalesce(cleared_at, {{ known_by() }}) as stands_until,
        count(*) over (partition by {{ cell }}) as cell_count
    from flags
),

-- the others are few, and lists are dear
several as (
    select
        *,
        max(stands_until) over (
            partition by {{ cell }} order by known_from, stands_until rows between unbounded preceding and 1 preceding
        ) as stood_until
    from counted
    where cell_count > 1
),

numbered as (
    select
        *,
        count(case when known_from > stood_until then 1 end) over (
            partition by {{ cell }} order by known_from, stands_until rows unbounded preceding
        ) as stretch_number
    from several
),

ended as (
    select
        *,
        min(known_from) over (partition by {{ cell }}, stretch_number) as stretch_from,
        max(stands_until) over (partition by {{ cell }}, stretch_number) as stretch_until
    from numbered
)

select
    found_by,
    {{ flag_stretch_columns() }},
    outlives_report
from counted
where cell_count = 1

union all

-- a line of a wide form has several cells of one column, and one cell may be said of twice: what stood last stands together
select
    {{ cell }},
    string_agg(distinct value_text, '；' order by value_text) as value_text,
    string_agg(distinct compared_text, '；' order by compared_text) as compared_text,
    case when min(suggested_factor) = max(suggested_factor) then min(suggested_factor) end as suggested_factor,
    stretch_from as known_from,
    nullif(stretch_until, {{ known_by() }}) as cleared_at,
    outlives_report
from ended
where stands_until = stretch_until
group by {{ cell }}, stretch_from, stretch_until, outlives_report
