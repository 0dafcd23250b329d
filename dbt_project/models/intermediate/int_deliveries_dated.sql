select
    delivery_id,
    last_known_from
from {{ source('raw', 'loaded_rows') }}
