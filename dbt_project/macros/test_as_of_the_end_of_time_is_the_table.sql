{#-
    The table macro beside a mart, asked without a limit, gives the mart itself, row for row. Rows are counted on both sides in one
    pass, so that the macro, which goes over the whole history, runs once.
-#}
{% test as_of_the_end_of_time_is_the_table(model) %}
    {%- set columns = get_quoted_csv(adapter.get_columns_in_relation(model) | map(attribute='name')) if execute else '1' %}
    select {{ columns }}, sum(side) as rows_only_in_the_table
    from (
        select {{ columns }}, 1 as side from {{ model }}
        union all
        select {{ columns }}, -1 as side from {{ as_of(model, known_by()) }}
    ) as both_sides
    group by {{ columns }}
    having sum(side) <> 0
{% endtest %}
