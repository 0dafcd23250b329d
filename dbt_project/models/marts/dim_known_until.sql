-- The clock of a release: the last moment anything in it was known. Tables that say "expired" or "stale" mean this day.
select cast(max(last_known_from) as timestamp) as known_until
from {{ ref('int_deliveries_dated') }}
