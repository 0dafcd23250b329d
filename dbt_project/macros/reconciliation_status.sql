{#- How the figure of a unit and the sum of those below it stand to each other; the order of the cases is their precedence. -#}
{% macro reconciliation_status() -%}
    case
        when unit_value is null then '本级未报'
        -- an area stands with four decimals: of each figure half a unit of the last one may be rounding (100亩 = 6.6667公顷)
        when abs(difference) <= case when unit = '公顷' then 0.00005 * (part_count + 1) else 0 end then '一致'
        when unit_as_of_at < parts_as_of_at then '本级数据较旧'
        when difference < 0 then '下级合计大于本级'
        when reported_count < expected_count then '下级未报齐'
        else '下级合计小于本级'
    end
{%- endmacro %}

{#-
    How many units report to a unit directly on the day of an event. A county that was merged or split, and a unit that was not there yet, are
    missed by nobody. units: has region_code, unit_code, event_date.
-#}
{% macro expected_parts(units) -%}
    select
        events.region_code,
        events.unit_code,
        events.event_date,
        count(*) as expected_count
    from (
        select distinct region_code, unit_code, event_date
        from {{ units }}
    ) as events
    inner join {{ ref('dim_reporting_unit_ancestors') }} as ancestors
        on
            events.unit_code = ancestors.ancestor_code
            and ancestors.distance = 1
            and {{ is_valid_on('ancestors', 'events.event_date') }}
    inner join {{ ref('dim_reporting_units') }} as units
        on ancestors.unit_code = units.unit_code and events.region_code = units.region_code
    where units.unit_kind <> 'former' and (units.valid_from is null or units.valid_from <= events.event_date)
    group by events.region_code, events.unit_code, events.event_date
{%- endmacro %}
