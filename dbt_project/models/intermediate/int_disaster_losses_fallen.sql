-- What may not fall without a word (D11), deaths and missing together without an accepted reason (D12), and missing people
-- who were found dead (D13).
{%- set columns %}falls.region_code, falls.event_id, falls.delivery_id, falls.row_number, falls.metric, falls.value, falls.previous_value, falls.known_from{% endset %}
with

compared as (
    select * from {{ ref('int_disaster_losses_compared') }}
),

falls as (
    select * from compared
    where value < previous_value
),

tolls as (
    select *, case when total_before > least_before then total_before else least_before end as most_before
    from {{ ref('int_disaster_tolls') }}
    where not is_accepted_for_deaths
),

exempt as (
    select metric from {{ ref('ref_loss_metric_exceptions') }}
    where rule_id = 'D11'
),

unexplained as (
    select {{ columns }}, 'D11' as rule_id
    from falls
    left join exempt on falls.metric = exempt.metric
    where not falls.has_explanation and exempt.metric is null
),

-- where one of both was never said or is taken back there is no sum, and the other one stands for it
unaccepted as (
    select
        region_code, event_id, delivery_id, row_number, 'deaths_missing_persons' as metric,
        deaths_missing_persons as value, most_before as previous_value, known_from, 'D12' as rule_id
    from tolls
    where deaths_missing_persons < most_before
    {%- for part in ['deaths', 'missing'] %}
    union all
    select
        region_code, event_id, delivery_id, row_number, '{{ part }}_persons' as metric,
        {{ part }}_persons as value, {{ part }}_before as previous_value, known_from, 'D12' as rule_id
    from tolls
    where deaths_missing_persons is null and {{ part }}_persons < {{ part }}_before
    {%- endfor %}
),

found_dead as (
    select {{ columns }}, 'D13' as rule_id
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
select * from unaccepted
union all
select * from found_dead
