-- What a team of a type and level has at least, one row per criterion; `most` is the limit where less is better.
with

minima as (
    select * from {{ ref('ref_team_minima') }}
),

equipment as (
    select
        team_type,
        level_code,
        valid_from,
        valid_to,
        {{ each_part('min_equipment') }} as part
    from minima
)

select
    team_type,
    level_code,
    valid_from,
    valid_to,
    'members_count' as criterion,
    min_members_count as least,
    cast(null as bigint) as most
from minima
union all
select
    team_type,
    level_code,
    valid_from,
    valid_to,
    'self_sufficiency_hours' as criterion,
    min_self_sufficiency_hours as least,
    cast(null as bigint) as most
from minima
union all
select
    team_type,
    level_code,
    valid_from,
    valid_to,
    'response_minutes' as criterion,
    cast(null as bigint) as least,
    max_response_minutes as most
from minima
union all
select
    team_type,
    level_code,
    valid_from,
    valid_to,
    {{ dbt.split_part('part', "':'", 1) }} as criterion,
    cast({{ dbt.split_part('part', "':'", 2) }} as bigint) as least,
    cast(null as bigint) as most
from equipment
