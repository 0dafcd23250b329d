{#- Whether a value meets a target: strict and non-strict operators are data of the target (dim_indicator_targets.operator). -#}
{% macro meets_target(value, operator, target) -%}
    case
        when {{ value }} is null or {{ target }} is null then null
        when {{ operator }} = '<' then {{ value }} < {{ target }}
        when {{ operator }} = '<=' then {{ value }} <= {{ target }}
        when {{ operator }} = '>' then {{ value }} > {{ target }}
        when {{ operator }} = '>=' then {{ value }} >= {{ target }}
    end
{%- endmacro %}

{#- What a dashboard says of a value and its target. A missing value wins over a missing target. -#}
{% macro indicator_status(value, operator, target, target_status) -%}
    case
        when {{ value }} is null then '数据不足'
        when {{ target_status }} is null then '非规划期'
        when {{ target_status }} = 'unknown' then '目标未录入'
        when {{ target_status }} = 'not_set' then '未设目标'
        when {{ meets_target(value, operator, target) }} then '已达成'
        else '未达成'
    end
{%- endmacro %}

{#- A published value in its base unit: exact in decimals, except where a unit is a fraction of its base unit (亩). -#}
{% macro to_base_unit(value, factor_numerator, factor_denominator) -%}
    case
        when {{ factor_denominator }} = 1
            then cast(
                cast({{ value }} as decimal(24, 6)) * cast({{ factor_numerator }} as decimal(12, 0)) as decimal(38, 6)
            )
        else cast(
            cast({{ value }} as double) * {{ factor_numerator }} / {{ factor_denominator }} as decimal(38, 6)
        )
    end
{%- endmacro %}

{#- Which of several rows of one value speaks: the published ones, then the empty ones, then those not yet known. -#}
{% macro indicator_state_order() -%}
    case state when 'reported' then 1 when 'not_published' then 2 else 3 end
{%- endmacro %}

{#- One row per region, year and metric: what the events of the year add up to, as known by then. Only a region's own unit counts. -#}
{% macro indicator_event_sums() %}
    select
        region_code,
        year,
        metric,
        cast(sum(known_value) as decimal(38, 6)) as fact_numerator,
        cast(count(known_value) as integer) as fact_reported_count,
        cast(count(*) as integer) as fact_event_count
    from (
        select
            changes.region_code,
            changes.event_id,
            cast({{ date_part_of('year', 'events.occurred_at') }} as integer) as year,
            changes.metric,
            case when sum(changes.reported_change) > 0 then sum(changes.value_change) end as known_value
        from {{ ref('agg_loss_changes') }} as changes
        inner join {{ ref('dim_events') }} as events
            on changes.region_code = events.region_code and changes.event_id = events.event_id
        where changes.unit_code = changes.region_code and changes.known_from < {{ known_by() }}
        group by 1, 2, 3, 4
    ) as event_values
    group by 1, 2, 3
{% endmacro %}

{% macro date_part_of(part, moment) -%}
    extract({{ part }} from {{ moment }})
{%- endmacro %}

{#- Whether a computed value, rounded to the published precision, is the published figure (or lies within a published bound). -#}
{% macro agrees_with_published(computed, figure) -%}
    case
        when {{ computed }} is null then null
        when {{ figure }}.published_operator = '<='
            then round({{ computed }} / {{ figure }}.published_precision)
                <= round({{ figure }}.published_value / {{ figure }}.published_precision)
        else round({{ computed }} / {{ figure }}.published_precision)
            = round({{ figure }}.published_value / {{ figure }}.published_precision)
    end
{%- endmacro %}

{#- All changes of one metric of one event and unit up to the row. -#}
{% macro loss_versions() -%}
    (
        partition by region_code, event_id, metric, unit_code
        order by known_from rows between unbounded preceding and current row
    )
{%- endmacro %}

{#- A number as people write it: 1000, not 1000.0. -#}
{% macro number_text(number) -%}
    case
        when {{ number }} >= 1 then cast(cast({{ number }} as bigint) as varchar) else cast({{ number }} as varchar)
    end
{%- endmacro %}
