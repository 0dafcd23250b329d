-- The adopted validity of each edition of the accident types: the sources disagree on the day of the change.
select
    standard_code,
    valid_from,
    valid_to
from {{ ref('ref_accident_type_standards') }}
where is_adopted
