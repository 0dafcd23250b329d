{{ config(materialized='incremental', incremental_strategy='touched', meta={'datasets': ['disaster_losses']}) }}

-- D10: sums of the units below that do not fit, from when to when what was known showed it: as fct_loss_reconciliation, which says it of one day.
{%- set whole = ['region_code', 'event_id', 'unit_code', 'metric', 'moment'] %}
with

wholes as (
    select * from {{ ref('int_loss_wholes_known') }}
),

ancestors as (
    select * from {{ ref('dim_reporting_unit_ancestors') }}
),

parts as (
    select
        {%- for column in whole %}
        wholes.{{ column }},
        {%- endfor %}
        wholes.event_date,
        versions.unit_code as part_code,
        versions.value,
        versions.as_of_at,
        ancestors.distance
    from wholes
    inner join ancestors
        on wholes.unit_code = ancestors.ancestor_code and {{ is_valid_on('ancestors', 'wholes.event_date') }}
    inner join {{ ref('int_loss_values_known') }} as versions
        on
            wholes.region_code = versions.region_code
            and wholes.event_id = versions.event_id
            and ancestors.unit_code = versions.unit_code
            and wholes.metric = versions.metric
            and wholes.moment >= versions.known_from
            and wholes.moment < versions.known_until
),

-- a part is in the figure of any unit between the two that reports the metric
covered as (
    select distinct
        {%- for column in whole %}
        parts.{{ column }},
        {%- endfor %}
        parts.part_code
    from parts
    inner join ancestors
        on parts.part_code = ancestors.unit_code and {{ is_valid_on('ancestors', 'parts.event_date') }}
    inner join parts as between_them
        on
            {%- for column in whole %}
            parts.{{ column }} = between_them.{{ column }}
            and
            {%- endfor %}
            ancestors.ancestor_code = between_them.part_code
),

sums as (
    select
        {%- for column in whole %}
        parts.{{ column }},
        {%- endfor %}
        sum(parts.value) as parts_value,
        count(*) as part_count,
        sum(case when parts.distance = 1 then 1 else 0 end) as reported_count,
        max(parts.as_of_at) as parts_as_of_at
    from parts
    left join covered
        on
            {%- for column in whole %}
            parts.{{ column }} = covered.{{ column }}
            and
            {%- endfor %}
            parts.part_code = covered.part_code
    where covered.part_code is null
    group by
        {%- for column in whole %}
        parts.{{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
),

expected as (
    {{ expected_parts('wholes') }}
),

both_sides as (
    select
        wholes.*,
        wholes.value as unit_value,
        wholes.as_of_at as unit_as_of_at,
        wholes.value - sums.parts_value as difference,
        sums.parts_value,
        sums.part_count,
        sums.reported_count,
        sums.parts_as_of_at,
        coalesce(expected.expected_count, 0) as expected_count
    from wholes
    inner join sums
        on
            {%- for column in whole %}
            wholes.{{ column }} = sums.{{ column }}{{ ' and' if not loop.last }}
            {%- endfor %}
    left join expected
        on
            wholes.region_code = expected.region_code
            and wholes.unit_code = expected.unit_code
            and wholes.event_date = expected.event_date
)

select
    'disaster_losses' as dataset,
    region_code,
    event_id,
    delivery_id,
    row_number,
    'D10' as rule_id,
    metric as column_name,
    {{ plain_number_text('unit_value') }} as value_text,
    {{ plain_number_text('parts_value') }} as compared_text,
    cast(null as double) as suggested_factor,
    moment as known_from,
    shown_until as cleared_at
from both_sides
where {{ reconciliation_status() }} in ('下级合计大于本级', '下级合计小于本级')
