{#- Metrics of an accident report that are carried from version to version, as the standard names them. -#}
{% macro accident_metrics() -%}
    {{ return([
        'deaths_persons', 'late_deaths_persons', 'missing_persons', 'serious_injuries_persons',
        'light_injuries_persons', 'injured_persons', 'direct_loss_cny',
    ]) }}
{%- endmacro %}

{#- When a report arrived at each level, in the order of the levels: times of that report alone, never carried. -#}
{% macro accident_clock_columns() -%}
    {{ return(['known_at', 'reported_county_at', 'reported_city_at', 'reported_province_at', 'reported_ministry_at']) }}
{%- endmacro %}

{#- Deaths without those reported as late. A late figure above all deaths belongs to an older total and takes nothing off. -#}
{% macro timely_deaths(deaths, late_deaths) -%}
    case when {{ late_deaths }} <= {{ deaths }} then {{ deaths }} - {{ late_deaths }} else {{ deaths }} end
{%- endmacro %}

{#-
    Missing persons beside the deaths of the same figures; `of` is how columns of int_accident_casualties_seen
    begin. Who died since the missing were told is one of them, and final deaths leave nobody missing unless something final says so.
-#}
{% macro still_missing(of) -%}
    case
        when {{ of }}missing_persons is null or {{ of }}deaths_are_final > {{ of }}missing_are_final then 0
        when {{ of }}deaths_persons > coalesce({{ of }}deaths_then, 0)
            then greatest({{ of }}missing_persons - ({{ of }}deaths_persons - coalesce({{ of }}deaths_then, 0)), 0)
        else {{ of }}missing_persons
    end
{%- endmacro %}
