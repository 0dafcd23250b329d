-- Whether a team meets what its type and level ask for: below as soon as one criterion is missed, unknown while one is not stated.
with

judged as (
    select * from {{ ref('int_team_minima_judged') }}
)

select
    region_code,
    team_id,
    report_number,
    case
        when count(case when not is_met then 1 end) > 0 then 'below'
        when count(*) > count(is_met) then 'unknown'
        else 'meets'
    end as typing_status,
    string_agg(
        case when not is_met then concat(criterion, ' ', stated, '（要求', coalesce('至少' || least, '至多' || most), '）') end,
        '；' order by criterion
    ) as typing_gaps
from judged
group by region_code, team_id, report_number
