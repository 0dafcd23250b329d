with

kinds as (
    select * from {{ ref('ref_disaster_kinds') }}
),

crosswalk as (
    select * from {{ ref('ref_disaster_kind_crosswalk') }}
),

exact_codes as (
    select
        kind_code,
        min(gb_code) as gb_code,
        min(gb_class_code) as gb_class_code,
        min(gb_class_name_zh) as gb_class_name_zh,
        min(certainty) as gb_certainty
    from crosswalk
    where relation = 'exact'
    group by kind_code
    having count(*) = 1
),

all_codes as (
    select
        kind_code,
        {{ dbt.listagg('gb_code', "';'", 'order by gb_code') }} as related_gb_codes
    from crosswalk
    where relation <> 'none'
    group by kind_code
)

select
    kinds.kind_code,
    kinds.kind_level,
    coalesce(kinds.parent_kind_code, kinds.kind_code) as main_kind_code,
    kinds.kind_class,
    kinds.name_en,
    exact_codes.gb_code,
    exact_codes.gb_class_code,
    exact_codes.gb_class_name_zh,
    all_codes.related_gb_codes,
    exact_codes.gb_certainty,
    kinds.certainty,
    kinds.valid_from,
    kinds.valid_to,
    kinds.source
from kinds
left join exact_codes on kinds.kind_code = exact_codes.kind_code
left join all_codes on kinds.kind_code = all_codes.kind_code
