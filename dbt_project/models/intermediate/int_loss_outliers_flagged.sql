-- What shows only across events: values far outside the history of the unit (D17, D18), more people affected than live
-- there (D07), and sums that do not fit (D10). What int_disaster_losses_flagged says of a value already is not said again.
with

compared as (
    select
        history.*,
        scale.value * history.log_distance / nullif(history.history_log_spread, 0) as robust_z,
        least.value as minimum_history,
        bound.value as robust_z_limit,
        cast(history.value as double) / nullif(history.history_median, 0) as ratio
    from {{ ref('int_loss_history_compared') }} as history
    {{ join_parameter('robust_z_scale', 'scale', 'cast(history.known_from as date)') }}
    {{ join_parameter('robust_z_limit', 'bound', 'cast(history.known_from as date)') }}
    {{ join_parameter('minimum_history', 'least', 'cast(history.known_from as date)') }}
),

outliers as (
    select
        compared.*,
        -- told once, with the first report that shows it, and not with each one after
        row_number() over (
            partition by compared.region_code, compared.event_id, compared.unit_code, compared.metric
            order by compared.report_number
        ) as telling_number,
        {{ mistaken_factor('nullif(compared.ratio, 0)', 'mistaken.value', 'tolerance.value') }} as suggested_factor
    from compared
    {{ join_mistaken_factor('compared.unit', 'cast(compared.known_from as date)') }}
    where compared.history_count >= compared.minimum_history and abs(compared.robust_z) > compared.robust_z_limit
),

residents as (
    select
        region_code,
        year,
        max(value) as persons,
        max(known_from) as known_from
    from {{ ref('fct_statistics') }}
    where statistic_code = 'resident_population_year_end' and known_to is null and value is not null
    group by region_code, year
),

affected as (
    select
        versions.*,
        residents.persons as resident_persons,
        greatest(versions.known_from, residents.known_from) as compared_from,
        row_number() over (
            partition by versions.region_code, versions.event_id, versions.report_number order by residents.year desc
        ) as year_rank
    from {{ ref('fct_disaster_loss_metric_versions') }} as versions
    inner join residents
        on
            versions.region_code = residents.region_code
            and residents.year <= extract(year from versions.as_of_at)
    where versions.unit_code = versions.region_code and versions.metric = 'affected_persons' and versions.value is not null
),

crowded as (
    select affected.*
    from affected
    {{ join_parameter('affected_per_resident', 'bound', 'cast(affected.known_from as date)') }}
    where
        affected.year_rank = 1 and affected.value > bound.value * affected.resident_persons
        -- a figure that was revised before anybody could compare it is told to nobody
        and (affected.known_to is null or affected.known_to > affected.compared_from)
),

unbalanced as (
    select * from {{ ref('fct_loss_reconciliation') }}
    where status in ('下级合计大于本级', '下级合计小于本级')
),

flags as (
    select
        region_code, event_id, delivery_id, row_number,
        case when suggested_factor is null then 'D17' else 'D18' end as rule_id,
        metric, value, history_median as compared_value, suggested_factor, known_from
    from outliers
    where telling_number = 1
    union all
    select
        region_code, event_id, delivery_id, row_number,
        'D07' as rule_id, metric, value, resident_persons as compared_value, null as suggested_factor, compared_from as known_from
    from crowded
    union all
    select
        region_code, event_id, delivery_id, row_number,
        'D10' as rule_id, metric, unit_value as value, parts_value as compared_value, null as suggested_factor,
        greatest(known_from, parts_known_from) as known_from
    from unbalanced
)

select
    'disaster_losses' as dataset,
    flags.region_code,
    flags.event_id,
    flags.delivery_id,
    flags.row_number,
    flags.rule_id,
    flags.metric as column_name,
    {{ plain_number_text('flags.value') }} as value_text,
    {{ plain_number_text('flags.compared_value') }} as compared_text,
    cast(flags.suggested_factor as double) as suggested_factor,
    flags.known_from
from flags
left join {{ ref('int_disaster_losses_flagged') }} as said
    on
        flags.delivery_id = said.delivery_id
        and flags.row_number = said.row_number
        and flags.metric = said.column_name
        and flags.rule_id in ('D17', 'D18')
        and said.rule_id in ('D17', 'D18')
where said.delivery_id is null
