{#-
    The exclusive upper bound of what was known, in a model materialized as `as_of_table`.
    In the table it is the end of time; the materialization puts the parameter `known_by` in its place
    to make `marts.<model>_as_of(known_by)` from the same SQL.
-#}
{% macro known_by() -%}
    cast('9999-12-31 00:00:00' as timestamp)
{%- endmacro %}
