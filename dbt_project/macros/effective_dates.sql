{#- Whether an effective-dated row holds on a day: from valid_from (NULL = always) to before valid_to (NULL = still). -#}
{% macro is_valid_on(rules, day) -%}
    ({{ rules }}.valid_from is null or {{ rules }}.valid_from <= {{ day }})
    and ({{ rules }}.valid_to is null or {{ rules }}.valid_to > {{ day }})
{%- endmacro %}

{#- The join that brings a number of ref_flag_parameters as <alias>.value; NULL where none is in force. -#}
{% macro join_parameter(code, alias, day) -%}
left join {{ ref('ref_flag_parameters') }} as {{ alias }}
    on
        {{ alias }}.parameter_code = '{{ code }}'
        and {{ is_valid_on(alias, day) }}
{%- endmacro %}

{#- A number as text without trailing zeros: 1234.5, 1000. -#}
{% macro plain_number_text(number) -%}
    case
        when {{ number }} = floor({{ number }}) then cast(cast({{ number }} as decimal(38, 0)) as varchar)
        else rtrim(cast(cast({{ number }} as decimal(38, 4)) as varchar), '0')
    end
{%- endmacro %}

{#- The first time of day (whole hour) at or after a moment: 9 and 2024-07-01 23:59:59 give 2024-07-02 09:00. -#}
{% macro next_daily_hour(moment, hour) -%}
{%- set same_day = dbt.dateadd('hour', hour, 'cast(cast(' ~ moment ~ ' as date) as timestamp)') -%}
    case when {{ moment }} <= {{ same_day }} then {{ same_day }} else {{ dbt.dateadd('day', 1, same_day) }} end
{%- endmacro %}
