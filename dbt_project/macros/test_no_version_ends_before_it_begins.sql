{#- known_to is known_from of the next version: equal where two became known at the same instant, never before. -#}
{% test no_version_ends_before_it_begins(model) %}
    select * from {{ model }} where known_to < known_from
{% endtest %}
