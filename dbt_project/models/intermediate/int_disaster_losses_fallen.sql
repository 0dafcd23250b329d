-- What may not fall without a word (D11), deaths and missing together without an accepted reason (D12), and missing people
-- who were found dead (D13).
with

compared as (
    select * from {{ ref('int_disaster_losses_compared') }}
),

falls as (
    select
        compared.*,
        coalesce(explanations.is_accepted_for_deaths, false) as is_accepted_for_deaths
    from compared
    left join {{ ref('ref_loss_explanations') }} as explanations
        on
            compared.explanation_code = explanations.explanation_code
            and {{ is_valid_on('explanations', 'cast(compared.known_from as date)') }}
    where compared.value < compared.previous_value
),

exempt as (
    select metric from {{ ref('ref_loss_metric_exceptions') }}
    where rule_id = 'D11'
),

unexplained as (
    select falls.*, 'D11' as rule_id
    from falls
    left join exempt on falls.metric = exempt.metric
    where not falls.has_explanation and exempt.metric is null
),

deaths_and_missing as (
    select falls.*, 'D12' as rule_id
    from falls
    where falls.metric = 'deaths_missing_persons' and not falls.is_accepted_for_deaths
),

-- who never says how many are missing has no sum, and deaths stand for it
deaths_alone as (
    select falls.*, 'D12' as rule_id
    from falls
    left join compared as others
        on
            falls.region_code = others.region_code
            and falls.event_id = others.event_id
            and falls.unit_code = others.unit_code
            and others.report_number <= falls.report_number
            and others.metric in ('missing_persons', 'deaths_missing_persons')
            and others.value is not null
    where falls.metric = 'deaths_persons' and not falls.is_accepted_for_deaths and others.metric is null
),

found_dead as (
    select falls.*, 'D13' as rule_id
    from falls
    inner join compared as deaths
        on
            falls.region_code = deaths.region_code
            and falls.event_id = deaths.event_id
            and falls.unit_code = deaths.unit_code
            and falls.report_number = deaths.report_number
            and deaths.metric = 'deaths_persons'
            and deaths.value > deaths.previous_value
    where falls.metric = 'missing_persons'
)

select * from unexplained
union all
select * from deaths_and_missing
union all
select * from deaths_alone
union all
select * from found_dead
