{#-
    Receipts that name a transfer, each beside the transfers it can mean, as known before the bound of an as_of_table. Every warehouse
    numbers its own documents, so a number alone may mean several: the sending warehouse decides where the receipt states it, else
    the one to which the goods were sent. candidate_count > 1 = nothing decides.

    region_code, warehouse_id and movement_id are those of the transfer, receipt_* those of the receipt.
-#}
{% macro supply_receipts_as_known() %}
    select
        fitting.*,
        count(*) over (
            partition by fitting.receipt_region_code, fitting.receipt_warehouse_id, fitting.receipt_movement_id
        ) as candidate_count
    from (
        select
            transfers.region_code,
            transfers.warehouse_id,
            transfers.movement_id,
            transfers.known_from,
            receipts.region_code as receipt_region_code,
            receipts.warehouse_id as receipt_warehouse_id,
            receipts.movement_id as receipt_movement_id,
            receipts.quantity as receipt_quantity,
            receipts.unit as receipt_unit,
            receipts.moved_at as receipt_moved_at,
            receipts.known_from as receipt_known_from,
            receipts.delivery_id as receipt_delivery_id,
            receipts.row_number as receipt_row_number,
            receipts.warehouse_id = transfers.counterpart_warehouse_id as is_addressee,
            max(case when receipts.warehouse_id = transfers.counterpart_warehouse_id then 1 else 0 end) over (
                partition by receipts.region_code, receipts.warehouse_id, receipts.movement_id
            ) as has_addressee
        from {{ ref('fct_supply_movement_reports') }} as receipts
        inner join {{ ref('fct_supply_movement_reports') }} as transfers
            on
                transfers.is_transfer
                and {{ is_current_version('transfers') }}
                and receipts.related_movement_id = transfers.movement_id
                and receipts.counterpart_region_code = transfers.region_code
                and coalesce(receipts.counterpart_warehouse_id, transfers.warehouse_id) = transfers.warehouse_id
                and receipts.region_code = transfers.counterpart_region_code
                and receipts.item_code = transfers.item_code
        where receipts.direction = 1 and {{ is_current_version('receipts') }}
    ) as fitting
    where fitting.is_addressee or fitting.has_addressee = 0
{% endmacro %}
