{#-
    Every landed row of a dataset is in the mart of its versions exactly once: no join may drop or multiply it. Compared by
    count, because one line of a wide file lands as several rows (one per year).
-#}
{% test every_landed_row_is_in_its_mart(model, dataset) %}
    select
        delivery_id,
        row_number,
        sum(landed) as landed_rows,
        sum(found) as rows_found
    from (
        select delivery_id, row_number, 1 as landed, 0 as found from {{ source('raw', dataset) }}
        union all
        select delivery_id, row_number, 0 as landed, 1 as found from {{ model }}
    ) as both_sides
    group by delivery_id, row_number
    having sum(landed) <> sum(found)
{% endtest %}
