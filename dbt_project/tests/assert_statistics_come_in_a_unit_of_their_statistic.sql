-- A GDP in 万人 would be converted without complaint: the unit must have the base unit of the statistic.
select
    delivery_id,
    row_number,
    statistic_name,
    unit_published,
    base_unit,
    unit_base_unit
from {{ ref('int_statistics_converted') }}
where statistic_code is null or unit_base_unit is distinct from base_unit
