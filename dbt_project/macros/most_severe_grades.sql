{#-
    CTEs thresholds, criteria and graded: the most severe grade that any known criterion gives, by the thresholds in force when the accident
    happened (国务院令第493号 第三条). A criterion that is not known is not 0: the grade is then provisional.

    relation: a CTE with region_code, accident_id, report_number, occurred_at and one column per criterion; columns: {criterion: column}.
-#}
{% macro most_severe_grades(relation, columns) -%}
thresholds as (
    select * from {{ ref('ref_accident_grade_thresholds') }}
),

criteria as (
    {%- for criterion, column in columns.items() %}
    select
        region_code,
        accident_id,
        report_number,
        occurred_at,
        '{{ criterion }}' as criterion,
        {{ column }} as value
    from {{ relation }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

graded as (
    select
        criteria.region_code,
        criteria.accident_id,
        criteria.report_number,
        min(thresholds.grade_code) as grade_code,
        count(criteria.value) as known_criteria_count,
        count(criteria.value) < count(*) as is_grade_provisional
    from criteria
    left join thresholds
        on
            criteria.criterion = thresholds.criterion
            and criteria.value >= thresholds.lower_bound
            and (thresholds.upper_bound is null or criteria.value < thresholds.upper_bound)
            and cast(criteria.occurred_at as date) >= thresholds.valid_from
            and (thresholds.valid_to is null or cast(criteria.occurred_at as date) < thresholds.valid_to)
    group by criteria.region_code, criteria.accident_id, criteria.report_number
)
{%- endmacro %}
