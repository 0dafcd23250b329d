-- Nobody is told of a line that did not land: every flag about a row joins to one of its dataset.
with

landed as (
    select cast(null as varchar) as dataset, cast(null as varchar) as delivery_id, cast(null as bigint) as row_number
    where false
    {%- for dataset in agreed_columns() %}
    union all
    select '{{ dataset }}' as dataset, delivery_id, row_number
    from {{ source('raw', 'deliveries').incorporate(path={'identifier': dataset}) }}
    {%- endfor %}
)

select flags.*
from {{ ref('fct_report_flags') }} as flags
where
    flags.found_by <> 'held'
    and not exists (
        select 1 from landed
        where
            flags.dataset = landed.dataset
            and flags.delivery_id = landed.delivery_id
            and flags.row_number = landed.row_number
    )
