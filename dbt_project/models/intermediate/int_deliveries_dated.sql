with

rows_of_all_datasets as (

    select delivery_id, known_from from {{ source('raw', 'disaster_losses') }}

    union all

    select delivery_id, known_from from {{ source('raw', 'accidents') }}

    union all

    select delivery_id, known_from from {{ source('raw', 'statistics') }}

)

select
    delivery_id,
    max(known_from) as last_known_from
from rows_of_all_datasets
group by delivery_id
