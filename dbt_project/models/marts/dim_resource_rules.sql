select
    rule_code,
    days,
    valid_from,
    valid_to,
    certainty,
    source
from {{ ref('ref_team_rules') }}
union all
select
    rule_code,
    days,
    valid_from,
    valid_to,
    certainty,
    source
from {{ ref('ref_supply_rules') }}
