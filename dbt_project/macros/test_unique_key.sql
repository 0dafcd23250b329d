{#- Every row has its own key: the rows whose key columns occur more than once. NULL in a key counts as a value. -#}
{% test unique_key(model, columns) %}
    select {{ columns | join(', ') }}, count(*) as row_count
    from {{ model }}
    group by {{ columns | join(', ') }}
    having count(*) > 1
{% endtest %}
