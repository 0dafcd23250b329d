-- Warnings of landing: rows that were taken although a rule of severity warning speaks of them. Their sender has read it in the receipt.
with

warnings as (
    select * from {{ source('raw', 'row_warnings') }}
),

deliveries as (
    select * from {{ source('raw', 'deliveries') }}
)

select
    warnings.dataset,
    warnings.region_code,
    warnings.delivery_id,
    warnings.row_number,
    warnings.rule_id,
    warnings.column_name,
    warnings.value as value_text,
    cast(null as varchar) as compared_text,
    cast(null as double) as suggested_factor,
    warnings.known_from
from warnings
-- the rows of a held delivery are not in the warehouse, and so are the warnings about them
inner join deliveries on warnings.delivery_id = deliveries.delivery_id and deliveries.status = 'accepted'
