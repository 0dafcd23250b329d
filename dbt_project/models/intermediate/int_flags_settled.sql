-- Flags that a later report about the same row does not close, with when they were settled. Several on one row are settled once all are.
select
    delivery_id,
    row_number,
    rule_id,
    case when count(settled_at) = count(*) then max(settled_at) end as settled_at
from {{ ref('int_accident_duplicates_flagged') }}
group by delivery_id, row_number, rule_id
