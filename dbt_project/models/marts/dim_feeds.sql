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
    cast(expected_every_days as integer) as expected_every_days
from {{ source('raw', 'feeds') }}
