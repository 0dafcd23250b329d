select
    dataset,
    column_name,
    type as column_type,
    unit,
    title_zh,
    title_en
from {{ source('raw', 'columns') }}
