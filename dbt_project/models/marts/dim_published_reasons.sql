select
    reason_code,
    status,
    reason_zh,
    reason_en
from {{ ref('ref_published_reasons') }}
