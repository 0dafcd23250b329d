-- What the sender of a movement is told about the number of its document and the one it names, from when to when what was known showed it.
with

known as (
    select * from {{ ref('int_supply_documents_known') }}
),

orphans as (
    select receipts.*
    from known as receipts
    left join known as transfers
        on
            transfers.is_transfer
            and receipts.moment = transfers.moment
            and receipts.counterpart_region_code = transfers.region_code
            and receipts.related_movement_id = transfers.movement_id
            and coalesce(receipts.counterpart_warehouse_id, transfers.warehouse_id) = transfers.warehouse_id
    where receipts.direction = 1 and receipts.related_movement_id is not null and transfers.movement_id is null
),

named as (
    {{ supply_receipts_named(ref('int_supply_documents_known'), ['moment']) }}
),

spans as (
    select distinct document_region_code, document_id, moment, shown_until
    from known
),

ambiguous as (
    select
        named.receipt_region_code as region_code,
        named.receipt_delivery_id as delivery_id,
        named.receipt_row_number as row_number,
        named.movement_id,
        named.moment,
        spans.shown_until,
        string_agg(named.warehouse_id, '、' order by named.warehouse_id) as warehouses
    from named
    inner join spans
        on
            named.region_code = spans.document_region_code
            and named.movement_id = spans.document_id
            and named.moment = spans.moment
    where named.candidate_count > 1
    group by
        named.receipt_region_code, named.receipt_delivery_id, named.receipt_row_number, named.movement_id, named.moment, spans.shown_until
),

movements as (
    select
        *,
        coalesce(known_to, {{ known_by() }}) as stands_until
    from {{ ref('fct_supply_movement_reports') }}
    where known_to is null or known_to > known_from
),

-- a correction that names another warehouse is another movement
twice as (
    select
        later.region_code,
        later.delivery_id,
        later.row_number,
        later.warehouse_id,
        earlier.warehouse_id as other_warehouse_id,
        later.known_from,
        nullif(least(later.stands_until, earlier.stands_until), {{ known_by() }}) as shown_until
    from movements as later
    inner join movements as earlier
        on
            later.region_code = earlier.region_code
            and later.movement_id = earlier.movement_id
            and later.warehouse_id <> earlier.warehouse_id
            and later.item_code = earlier.item_code
            and later.lot_number = earlier.lot_number
            and later.movement_kind = earlier.movement_kind
            and later.quantity = earlier.quantity
            and later.unit = earlier.unit
            and later.moved_at = earlier.moved_at
            and later.known_from < earlier.stands_until
            and (
                later.known_from > earlier.known_from
                or later.known_from = earlier.known_from and later.warehouse_id > earlier.warehouse_id
            )
)

select {{ flag_of('supply_movements', 'S-ORPHAN', 'related_movement_id', 'related_movement_id', 'counterpart_region_code', known_from='moment') }}
from orphans
union all
select {{ flag_of('supply_movements', 'S-AMBIG', 'related_movement_id', 'movement_id', 'warehouses', known_from='moment') }}
from ambiguous
union all
select {{ flag_of('supply_movements', 'S-TWICE', 'warehouse_id', 'warehouse_id', 'other_warehouse_id') }}
from twice
