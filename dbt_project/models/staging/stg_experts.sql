select
    delivery_id,
    row_number,
    region_code,
    expert_id,
    specialty,
    employer,
    division_code,
    is_available = '是' as is_available,
    valid_until,
    as_of_at,
    reported_at,
    known_from
from {{ source('raw', 'experts') }} as landed
where {{ is_touched('experts') }}
