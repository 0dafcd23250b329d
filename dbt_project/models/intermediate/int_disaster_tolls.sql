-- Deaths and missing as known with each report beside what was known before it: neither must fall unseen because one figure was
-- left out or taken back in between. Where an accepted reason took the figures back nothing is left that could fall.
{%- set keys = ['region_code', 'event_id', 'unit_code'] %}
{%- set by_report = 'partition by region_code, event_id, unit_code order by report_number' %}
{%- set before = {
    'deaths_missing_persons': 'total', 'deaths_persons': 'deaths', 'missing_persons': 'missing', 'least_total': 'least'
} %}
with

reports as (
    select
        ordered.*,
        coalesce(explanations.is_accepted_for_deaths, false) as is_accepted_for_deaths
    from {{ ref('int_disaster_losses_ordered') }} as ordered
    left join {{ ref('ref_loss_explanations') }} as explanations
        on
            ordered.explanation_code = explanations.explanation_code
            and {{ is_valid_on('explanations', 'cast(ordered.known_from as date)') }}
),

known as (
    select
        region_code,
        event_id,
        unit_code,
        report_number,
        max(case when metric = 'deaths_missing_persons' then value end) as deaths_missing_persons,
        max(case when metric = 'deaths_persons' then value end) as deaths_persons,
        max(case when metric = 'missing_persons' then value end) as missing_persons,
        max(value) as least_total
    from {{ ref('int_disaster_losses_versioned') }}
    where metric in ('deaths_persons', 'missing_persons', 'deaths_missing_persons')
    group by region_code, event_id, unit_code, report_number
),

tolls as (
    select
        known.*,
        reports.is_accepted_for_deaths,
        reports.delivery_id,
        reports.row_number,
        reports.known_from
    from known
    inner join reports
        on
            known.region_code = reports.region_code
            and known.event_id = reports.event_id
            and known.unit_code = reports.unit_code
            and known.report_number = reports.report_number
),

lasting as (
    select
        *,
        {%- for column, name in before.items() %}
        {{ last_known('case when ' ~ column ~ ' is null and is_accepted_for_deaths then 0 else ' ~ column ~ ' end', keys) }}
            as last_{{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from tolls
)

select
    *,
    {%- for name in before.values() %}
    lag(last_{{ name }}) over ({{ by_report }}) as {{ name }}_before{{ ',' if not loop.last }}
    {%- endfor %}
from lasting
