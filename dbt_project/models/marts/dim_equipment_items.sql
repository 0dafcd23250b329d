select
    equipment_code,
    name_zh,
    name_en,
    unit,
    certainty,
    source
from {{ ref('ref_equipment_items') }}
