select
    task_code,
    name_zh,
    name_en,
    team_type,
    certainty,
    source
from {{ ref('ref_team_tasks') }}
