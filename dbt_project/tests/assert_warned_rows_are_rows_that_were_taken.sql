-- Per delivery: rows warned are a part of the rows accepted, and the warnings loaded are those the receipt counts. One line of a
-- wide form counts once per cell and is loaded under one line number.
with

warnings as (
    select
        delivery_id,
        count(distinct row_number) as warned_lines
    from {{ source('raw', 'row_warnings') }}
    group by delivery_id
)

select
    deliveries.delivery_id,
    deliveries.rows_accepted,
    deliveries.rows_warned,
    warnings.warned_lines
from {{ ref('fct_deliveries') }} as deliveries
left join warnings on deliveries.delivery_id = warnings.delivery_id
where
    deliveries.status = 'accepted'
    and (
        deliveries.rows_warned > deliveries.rows_accepted
        or coalesce(warnings.warned_lines, 0) > deliveries.rows_warned
        or (deliveries.rows_warned > 0 and warnings.warned_lines is null)
    )
