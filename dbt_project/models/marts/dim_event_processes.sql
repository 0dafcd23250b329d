select
    region_code,
    event_id,
    process_id,
    process_name_zh,
    source
from {{ ref('ref_event_processes') }}
