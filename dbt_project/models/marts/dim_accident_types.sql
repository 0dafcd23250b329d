with

types as (
    select * from {{ ref('ref_accident_types') }}
),

editions as (
    select * from {{ ref('int_accident_types_in_force') }}
),

crosswalk as (
    select
        code_from as type_code,
        code_to as counterpart_code,
        relation
    from {{ ref('ref_accident_type_crosswalk') }}
    union all
    select
        code_to as type_code,
        code_from as counterpart_code,
        relation
    from {{ ref('ref_accident_type_crosswalk') }}
),

counterparts as (
    select
        type_code,
        {{ dbt.listagg('counterpart_code', "';'", 'order by counterpart_code') }} as counterpart_codes,
        count(*) = 1 and min(relation) = 'exact' as is_exact
    from crosswalk
    group by type_code
)

select
    types.type_code,
    types.standard_code,
    types.type_name,
    types.name_en,
    types.family_code,
    types.family_name,
    editions.valid_from,
    editions.valid_to,
    counterparts.counterpart_codes,
    coalesce(counterparts.is_exact, false) as has_exact_counterpart,
    types.certainty,
    types.source
from types
left join editions on types.standard_code = editions.standard_code
left join counterparts on types.type_code = counterparts.type_code
