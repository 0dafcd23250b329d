{{ config(materialized='as_of_table') }}

with

feeds as (

    select * from {{ ref('dim_feeds') }}

),

-- this table is about arrival, and goes by it: what had not arrived by then says nothing
arrived as (

    select * from {{ ref('fct_deliveries') }}
    where landed_at < {{ known_by() }}

),

-- a delivery that was refused, held or withdrawn brought nothing
deliveries as (

    select
        feed_id,
        count(*) as delivery_count,
        max(landed_at) as last_landed_at,
        max(last_known_from) as last_known_from
    from arrived
    where status = 'accepted'
    group by feed_id

),

-- days are counted to the last arrival of anything, not to the clock: a rebuild must give the same rows
arrivals as (

    select max(landed_at) as reference_at from arrived

),

aged as (

    select
        feeds.*,
        deliveries.delivery_count,
        deliveries.last_landed_at,
        deliveries.last_known_from,
        arrivals.reference_at,
        {{ dbt.datediff('deliveries.last_landed_at', 'arrivals.reference_at', 'day') }} as days_since_last_delivery
    from feeds
    left join deliveries on feeds.feed_id = deliveries.feed_id
    inner join arrivals on true

)

select
    -- ids
    feed_id,
    dataset,
    region,
    region_code,
    title_zh,
    title_en,
    sender,

    -- measures
    delivery_count is not null as is_reported,
    case
        when delivery_count is null then '未报告'
        when days_since_last_delivery > expected_every_days then '逾期'
        else '已报告'
    end as freshness_status,
    cast(coalesce(delivery_count, 0) as bigint) as delivery_count,
    expected_every_days,
    cast(days_since_last_delivery as integer) as days_since_last_delivery,

    -- times
    last_landed_at,
    last_known_from,
    reference_at

from aged
