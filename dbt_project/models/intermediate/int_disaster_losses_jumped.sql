-- Values that are a multiple of the value before: by the factor between two units of measurement (D18), or by more than a
-- revision makes plausible (D17). A value that returns to where it was before a jump is the correction, not a jump. What explains a
-- jump does not explain a unit of measurement: only the code that speaks of units does.
with

compared as (
    select * from {{ ref('int_disaster_losses_compared') }}
    where value > 0 and previous_value > 0
),

exempt as (
    select metric from {{ ref('ref_loss_metric_exceptions') }}
    where rule_id = 'D17'
),

ratios as (
    select
        compared.*,
        cast(compared.value as double) / cast(compared.previous_value as double) as ratio,
        exempt.metric is null as is_judged,
        coalesce(explanations.is_accepted_for_units, false) as is_accepted_for_units,
        coalesce(
            compared.value between compared.value_before_previous / return_factor.value
            and compared.value_before_previous * return_factor.value,
            false
        ) as is_return,
        jump_factor.value as jump_factor,
        jump_minimum.value as jump_minimum
    from compared
    left join exempt on compared.metric = exempt.metric
    left join {{ ref('ref_loss_explanations') }} as explanations
        on
            compared.explanation_code = explanations.explanation_code
            and {{ is_valid_on('explanations', 'cast(compared.known_from as date)') }}
    {{ join_parameter('return_factor', 'return_factor', 'cast(compared.known_from as date)') }}
    {{ join_parameter('jump_factor', 'jump_factor', 'cast(compared.known_from as date)') }}
    {{ join_parameter('jump_minimum', 'jump_minimum', 'cast(compared.known_from as date)') }}
),

with_factor as (
    select
        ratios.*,
        {{ mistaken_factor('ratios.ratio', 'mistaken.value', 'tolerance.value') }} as suggested_factor
    from ratios
    {{ join_mistaken_factor('ratios.unit', 'cast(ratios.known_from as date)') }}
)

select
    *,
    case when suggested_factor is not null then 'D18' else 'D17' end as rule_id
from with_factor
where
    is_judged
    and not is_return
    and (
        (suggested_factor is not null and not is_accepted_for_units)
        or (suggested_factor is null and not has_explanation and ratio > jump_factor and previous_value >= jump_minimum)
    )
