{#- The table macro beside a mart, asked without a limit, gives the mart itself, row for row. -#}
{% test as_of_the_end_of_time_is_the_table(model) %}
    {%- set unlimited = as_of(model, known_by()) %}
    (select 'only in the table' as found, * from (select * from {{ model }} except all select * from {{ unlimited }}) as missing)
    union all
    (select 'only in the macro' as found, * from (select * from {{ unlimited }} except all select * from {{ model }}) as surplus)
{% endtest %}
