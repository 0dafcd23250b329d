-- Figures of units that have units below them which report the same metric, at every moment at which it, one of theirs or the day of the event
-- changed, with the day of the event as known then.
{%- set whole = 'region_code, event_id, unit_code, metric' %}
with

versions as (
    select * from {{ ref('int_loss_values_known') }}
),

dates as (
    select * from {{ ref('int_disaster_event_dates') }}
),

-- whether they are below it on the day of the event is asked later
below as (
    select distinct
        wholes.region_code,
        wholes.event_id,
        wholes.unit_code,
        wholes.metric,
        parts.unit_code as part_code
    from versions as parts
    inner join {{ ref('dim_reporting_unit_ancestors') }} as ancestors on parts.unit_code = ancestors.unit_code
    inner join versions as wholes
        on
            parts.region_code = wholes.region_code
            and parts.event_id = wholes.event_id
            and parts.metric = wholes.metric
            and ancestors.ancestor_code = wholes.unit_code
),

concerned as (
    select {{ whole }}, part_code as speaking_code from below
    union
    select {{ whole }}, unit_code as speaking_code from below
),

changes as (
    select
        concerned.region_code,
        concerned.event_id,
        concerned.unit_code,
        concerned.metric,
        versions.known_from,
        versions.known_until
    from concerned
    inner join versions
        on
            concerned.region_code = versions.region_code
            and concerned.event_id = versions.event_id
            and concerned.speaking_code = versions.unit_code
            and concerned.metric = versions.metric
),

moments as (
    select {{ whole }}, known_from as moment from changes
    union
    select {{ whole }}, known_until as moment from changes
    union
    select below.region_code, below.event_id, below.unit_code, below.metric, dates.known_from as moment
    from below
    inner join dates on below.region_code = dates.region_code and below.event_id = dates.event_id
),

spans as (
    select *, lead(moment) over (partition by {{ whole }} order by moment) as next_moment
    from moments
)

select
    versions.*,
    dates.event_date,
    spans.moment,
    nullif(spans.next_moment, {{ known_by() }}) as shown_until
from spans
inner join versions
    on
        spans.region_code = versions.region_code
        and spans.event_id = versions.event_id
        and spans.unit_code = versions.unit_code
        and spans.metric = versions.metric
        and spans.moment >= versions.known_from
        and spans.moment < versions.known_until
inner join dates
    on
        spans.region_code = dates.region_code
        and spans.event_id = dates.event_id
        and spans.moment >= dates.known_from
        and spans.moment < dates.known_until
