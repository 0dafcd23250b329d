-- Values of metrics of one event, from when to when each was known: as fct_disaster_loss_metric_versions, of touched events only.
with

versions as (
    select
        *,
        coalesce(
            lead(known_from) over (partition by region_code, event_id, unit_code, metric order by report_number), {{ known_by() }}
        ) as known_until
    from {{ ref('int_disaster_losses_versioned') }}
    where is_new
),

names as (
    select * from {{ ref('stg_columns') }}
    where dataset = 'disaster_losses'
)

select
    versions.region_code,
    versions.event_id,
    versions.unit_code,
    versions.metric,
    names.unit,
    cast(versions.value as decimal(24, 4)) as value,
    versions.origin_as_of_at as as_of_at,
    versions.origin_delivery_id as delivery_id,
    versions.origin_row_number as row_number,
    versions.known_from,
    versions.known_until
from versions
left join names on versions.metric = names.column_name
where versions.value is not null and versions.known_until > versions.known_from
