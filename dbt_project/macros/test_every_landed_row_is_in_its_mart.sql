{#- Every landed row of a dataset is in the mart of its versions exactly once: no join may drop or multiply it. -#}
{% test every_landed_row_is_in_its_mart(model, dataset) %}
    select landed.delivery_id, landed.row_number, count(found.delivery_id) as times_found
    from {{ source('raw', dataset) }} as landed
    left join {{ model }} as found
        on landed.delivery_id = found.delivery_id and landed.row_number = found.row_number
    group by landed.delivery_id, landed.row_number
    having count(found.delivery_id) <> 1
{% endtest %}
