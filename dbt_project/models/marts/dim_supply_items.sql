select
    item_code,
    item_name,
    parent_code,
    layer,
    unit,
    group_14th_plan,
    valid_from,
    valid_to,
    certainty,
    source
from {{ ref('ref_supply_items') }}
