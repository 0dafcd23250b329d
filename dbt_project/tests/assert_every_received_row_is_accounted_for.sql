-- Per delivery: received = accepted + quarantined + duplicate + ignored + refused, and the rows loaded are the accepted ones;
-- a delivery that is not accepted has no rows here. Rows are counted where they stand, whatever datasets there are.
with

{% set tables = tables_of_landed_rows() -%}
loaded as (
    {%- for table in tables %}
    select delivery_id, count(*) as loaded_rows from {{ table }} group by delivery_id
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
)

select
    coalesce(deliveries.delivery_id, loaded.delivery_id, counted.delivery_id) as delivery_id,
    deliveries.status,
    deliveries.rows_received,
    deliveries.rows_accepted,
    loaded.loaded_rows,
    counted.loaded_rows as counted_rows
from {{ source('raw', 'deliveries') }} as deliveries
full outer join loaded on deliveries.delivery_id = loaded.delivery_id
full outer join {{ source('raw', 'loaded_rows') }} as counted
    on coalesce(deliveries.delivery_id, loaded.delivery_id) = counted.delivery_id
where
    deliveries.delivery_id is null
    or deliveries.rows_received <> deliveries.rows_accepted + deliveries.rows_quarantined + deliveries.rows_duplicate
    + deliveries.rows_ignored + deliveries.rows_refused
    or coalesce(loaded.loaded_rows, 0) <> case when deliveries.status = 'accepted' then deliveries.rows_accepted else 0 end
    or coalesce(loaded.loaded_rows, 0) <> coalesce(counted.loaded_rows, 0)
