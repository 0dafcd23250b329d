-- D07: more people affected than live there, from when to when the residents as known showed it. Of a region, by its newest year that is not
-- after the event; where two vintages of a year are known, by the larger number.
{%- set report = 'region_code, event_id, report_number' %}
with

residents as (
    select
        *,
        coalesce(known_to, {{ known_by() }}) as known_until
    from {{ ref('fct_statistics') }}
    where statistic_code = 'resident_population_year_end' and value is not null and (known_to is null or known_to > known_from)
),

fewest as (
    select
        region_code,
        min(value) as persons
    from residents
    group by region_code
),

-- who would not be too many beside the smallest number ever known of the region never is
affected as (
    select
        versions.*,
        coalesce(versions.known_to, {{ known_by() }}) as known_until,
        bound.value as most_per_resident
    from {{ ref('fct_disaster_loss_metric_versions') }} as versions
    inner join fewest on versions.region_code = fewest.region_code
    {{ join_parameter('affected_per_resident', 'bound', 'cast(versions.known_from as date)') }}
    where
        versions.unit_code = versions.region_code
        and versions.metric = 'affected_persons'
        and versions.value > bound.value * fewest.persons
        and (versions.known_to is null or versions.known_to > versions.known_from)
),

compared as (
    select
        affected.*,
        residents.year,
        residents.value as resident_persons,
        residents.known_from as residents_known_from,
        residents.known_until as residents_known_until
    from affected
    inner join residents
        on
            affected.region_code = residents.region_code
            and residents.year <= extract(year from affected.as_of_at)
            and residents.known_from < affected.known_until
),

-- a figure that was revised is compared no more
moments as (
    select {{ report }}, known_from as moment from affected
    union
    select {{ report }}, residents_known_from as moment from compared
    where residents_known_from > known_from
    union
    select {{ report }}, residents_known_until as moment from compared
    where residents_known_until > known_from and residents_known_until < known_until
),

spans as (
    select
        *,
        lead(moment) over (partition by {{ report }} order by moment) as next_moment
    from moments
),

newest as (
    select
        compared.*,
        spans.moment,
        spans.next_moment as shown_until,
        row_number() over (
            partition by compared.region_code, compared.event_id, compared.report_number, spans.moment
            order by compared.year desc, compared.resident_persons desc
        ) as year_rank
    from compared
    inner join spans
        on
            compared.region_code = spans.region_code
            and compared.event_id = spans.event_id
            and compared.report_number = spans.report_number
            and spans.moment >= compared.residents_known_from
            and spans.moment < compared.residents_known_until
)

select
    'disaster_losses' as dataset,
    region_code,
    event_id,
    delivery_id,
    row_number,
    'D07' as rule_id,
    metric as column_name,
    {{ plain_number_text('value') }} as value_text,
    {{ plain_number_text('resident_persons') }} as compared_text,
    cast(null as double) as suggested_factor,
    moment as known_from,
    shown_until as cleared_at
from newest
where year_rank = 1 and value > most_per_resident * resident_persons
