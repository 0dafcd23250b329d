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

{#- One row per region, year and metric: what the events known by then add up to. Only the region's own unit counts. -#}
{% macro indicator_event_sums() %}
    select
        events.region_code,
        cast({{ date_part_of('year', 'events.event_date') }} as integer) as year,
        events.numerator_fact_metric as metric,
        cast(sum(versions.value) as decimal(38, 6)) as fact_numerator,
        cast(count(versions.value) as integer) as fact_reported_count,
        cast(count(*) as integer) as fact_event_count
    {# DuckDB writes a cross join into a stored macro as a comma, which binds weaker than the left join: keep it inside #}
    from (
        select e.*, metrics.numerator_fact_metric
        from ({{ events_as_known() }}) as e
        cross join (select distinct numerator_fact_metric from {{ ref('dim_indicator_grid') }}) as metrics
    ) as events
    left join {{ ref('fct_disaster_loss_metric_versions') }} as versions
        on events.region_code = versions.region_code
        and events.event_id = versions.event_id
        and events.region_code = versions.unit_code
        and events.numerator_fact_metric = versions.metric
        and versions.known_from < {{ known_by() }}
        and (versions.known_to is null or versions.known_to >= {{ known_by() }})
    group by 1, 2, 3
{% endmacro %}

{#- One row per event known by then, with its day as known then; dim_events says the same of the end of time. -#}
{% macro events_as_known() %}
    select
        region_code,
        event_id,
        -- a date that its unit has corrected speaks no more; 24:00 of a day belongs to the day that ends
        cast(
            coalesce(
                min(case when known_to is null or known_to >= {{ known_by() }} then occurred_at end),
                {{ dbt.dateadd('second', -1, 'min(as_of_at)') }}
            ) as date
        ) as event_date
    from {{ ref('fct_disaster_loss_reports') }}
    where known_from < {{ known_by() }}
    group by region_code, event_id
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

{#- A number as people write it: 1000, not 1000.0. -#}
{% macro number_text(number) -%}
    case
        when {{ number }} >= 1 then cast(cast({{ number }} as bigint) as varchar) else cast({{ number }} as varchar)
    end
{%- endmacro %}
