-- What shows only across events: values far outside the history of the unit (D17, D18), judged by what was known before them, so that nothing
-- known later clears it. What int_disaster_losses_flagged says of a value already is not said again.
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
)

select
    'disaster_losses' as dataset,
    flags.region_code,
    flags.event_id,
    flags.delivery_id,
    flags.row_number,
    case when flags.suggested_factor is null then 'D17' else 'D18' end as rule_id,
    flags.metric as column_name,
    {{ plain_number_text('flags.value') }} as value_text,
    {{ plain_number_text('flags.history_median') }} as compared_text,
    cast(flags.suggested_factor as double) as suggested_factor,
    flags.known_from
from outliers as flags
left join {{ ref('int_disaster_losses_flagged') }} as said
    on
        flags.delivery_id = said.delivery_id
        and flags.row_number = said.row_number
        and flags.metric = said.column_name
        and said.rule_id in ('D17', 'D18')
where flags.telling_number = 1 and said.delivery_id is null
