with

versions as (

    select * from {{ ref('fct_accident_reports') }}

),

metrics as (

    select
        region_code,
        accident_id,
        'deaths_persons' as metric,
        cast(deaths_persons as double) as value,
        known_from,
        known_to,
        delivery_id,
        row_number
    from versions

    union all

    select
        region_code,
        accident_id,
        'missing_persons' as metric,
        cast(missing_persons as double) as value,
        known_from,
        known_to,
        delivery_id,
        row_number
    from versions

    union all

    select
        region_code,
        accident_id,
        'injured_persons' as metric,
        cast(injured_persons as double) as value,
        known_from,
        known_to,
        delivery_id,
        row_number
    from versions

    union all

    select
        region_code,
        accident_id,
        'direct_loss_cny' as metric,
        cast(direct_loss_cny as double) as value,
        known_from,
        known_to,
        delivery_id,
        row_number
    from versions

)

select
    'fct_accidents' as mart,
    region_code,
    accident_id as key_text,
    metric,
    cast('' as varchar) as variant,
    value,
    'not_reported' as null_reason,
    known_from,
    known_to,
    delivery_id,
    row_number
from metrics
