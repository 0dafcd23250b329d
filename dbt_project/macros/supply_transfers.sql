{#-
    Receipts that name a transfer, each beside the transfers it can mean. Every warehouse numbers its own documents, so a number alone may mean
    several: the sending warehouse decides where the receipt states it, else the one to which the goods were sent. candidate_count > 1 =
    nothing decides.

    movements: what was known, one row per movement; of several moments, one row per movement and moment, and `at` is ['moment'].
    region_code, warehouse_id and movement_id are those of the transfer, receipt_* those of the receipt.
-#}
{% macro supply_receipts_named(movements, at=[]) %}
    select
        fitting.*,
        count(*) over (
            partition by {% for column in at %}fitting.{{ column }}, {% endfor -%}
            fitting.receipt_region_code, fitting.receipt_warehouse_id, fitting.receipt_movement_id
        ) as candidate_count
    from (
        select
            {%- for column in at %}
            transfers.{{ column }},
            {%- endfor %}
            transfers.region_code,
            transfers.warehouse_id,
            transfers.movement_id,
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
                partition by {% for column in at %}transfers.{{ column }}, {% endfor -%}
                receipts.region_code, receipts.warehouse_id, receipts.movement_id
            ) as has_addressee
        from {{ movements }} as receipts
        inner join {{ movements }} as transfers
            on
                transfers.is_transfer
                {%- for column in at %}
                and receipts.{{ column }} = transfers.{{ column }}
                {%- endfor %}
                and receipts.related_movement_id = transfers.movement_id
                and receipts.counterpart_region_code = transfers.region_code
                and coalesce(receipts.counterpart_warehouse_id, transfers.warehouse_id) = transfers.warehouse_id
                and receipts.region_code = transfers.counterpart_region_code
                and receipts.item_code = transfers.item_code
        where receipts.direction = 1
    ) as fitting
    where fitting.is_addressee or fitting.has_addressee = 0
{% endmacro %}

{#- Transfers beside what the counterpart received; `movements` and `at` as above, with as_of_day. -#}
{% macro supply_transfers_judged(movements, at=[]) %}
    select
        matched.*,
        case
            -- something was received that may be this transfer or another one of the same number
            when undecided_count > 0 and coalesce(received_quantity, 0) < quantity then 'ambiguous'
            when receipt_count = 0 and as_of_day > due_date then 'overdue'
            when receipt_count = 0 then 'in_transit'
            when not is_comparable then 'units_differ'
            -- a part that has arrived makes no difference while the rest may still come in time
            when received_quantity < quantity and as_of_day <= due_date then 'in_transit'
            when received_quantity = quantity then 'matched'
            else 'differs'
        end as transfer_status
    from (
        select
            transfers.*,
            cast({{ dbt.dateadd('day', 'rules.days', 'cast(transfers.moved_at as date)') }} as date) as due_date,
            coalesce(receipts.receipt_count, 0) as receipt_count,
            coalesce(receipts.undecided_count, 0) as undecided_count,
            receipts.received_quantity,
            receipts.received_at,
            receipts.receipt_known_from,
            receipts.least_unit = transfers.unit and receipts.greatest_unit = transfers.unit as is_comparable
        from {{ movements }} as transfers
        left join {{ ref('dim_resource_rules') }} as rules
            on rules.rule_code = 'transfer_receipt' and {{ in_force('rules', 'cast(transfers.moved_at as date)') }}
        left join (
            select
                {%- for column in at %}
                {{ column }},
                {%- endfor %}
                region_code,
                warehouse_id,
                movement_id,
                count(case when candidate_count > 1 then 1 end) as undecided_count,
                count(case when candidate_count = 1 then 1 end) as receipt_count,
                sum(case when candidate_count = 1 then receipt_quantity end) as received_quantity,
                min(case when candidate_count = 1 then receipt_unit end) as least_unit,
                max(case when candidate_count = 1 then receipt_unit end) as greatest_unit,
                max(case when candidate_count = 1 then receipt_moved_at end) as received_at,
                max(case when candidate_count = 1 then receipt_known_from end) as receipt_known_from
            from ({{ supply_receipts_named(movements, at) }}) as named
            group by {% for column in at %}{{ column }}, {% endfor %}region_code, warehouse_id, movement_id
        ) as receipts
            on
                transfers.region_code = receipts.region_code
                and transfers.warehouse_id = receipts.warehouse_id
                and transfers.movement_id = receipts.movement_id
                {%- for column in at %}
                and transfers.{{ column }} = receipts.{{ column }}
                {%- endfor %}
        where transfers.is_transfer
    ) as matched
{% endmacro %}
