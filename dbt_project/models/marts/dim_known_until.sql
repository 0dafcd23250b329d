-- The clock of a release: the last moment anything was reported. Tables that say "expired" or "stale" mean this day.
-- What a source published (yearly statistics) carries no moment of reporting and does not move it.
select cast(max(dated.last_known_from) as timestamp) as known_until
from {{ ref('int_deliveries_dated') }} as dated
inner join {{ ref('fct_deliveries') }} as deliveries on dated.delivery_id = deliveries.delivery_id
inner join {{ ref('stg_columns') }} as agreed
    on deliveries.dataset = agreed.dataset and agreed.column_name = 'reported_at'
