-- X-KEY: two deliveries state one key as known at one moment and differ in a value. The documented order (delivery_id, row_number)
-- then decides which of them counts, and nobody could tell: so both are flagged, column by column.
{%- set datasets = agreed_columns() %}
with

nothing as (
    {{ no_flags() }}
)
{%- for dataset, columns in datasets.items() %},

{{ dataset }}_repeated as (
    select {{ columns.key | join(', ') }}, known_from
    from {{ source('raw', 'deliveries').incorporate(path={'identifier': dataset}) }}
    group by {{ columns.key | join(', ') }}, known_from
    having count(distinct delivery_id) > 1
),

{{ dataset }}_rows as (
    select landed.*
    from {{ source('raw', 'deliveries').incorporate(path={'identifier': dataset}) }} as landed
    inner join {{ dataset }}_repeated as repeated on {{ same_key_and_moment(columns.key, 'landed', 'repeated') }}
)
{%- endfor %}

select {{ flag_columns() }} from nothing
{%- for dataset, columns in datasets.items() %}
{%- for column, type in columns.others %}

union all

select
    '{{ dataset }}' as dataset,
    this.region_code,
    this.delivery_id,
    this.row_number,
    'X-KEY' as rule_id,
    '{{ column }}' as column_name,
    {{ value_as_text('this.' ~ column, type) }} as value_text,
    string_agg(distinct {{ stated('other.' ~ column, type) }}, '；' order by {{ stated('other.' ~ column, type) }}) as compared_text,
    cast(null as double) as suggested_factor,
    this.known_from
from {{ dataset }}_rows as this
inner join {{ dataset }}_rows as other
    on
        {{ same_key_and_moment(columns.key, 'this', 'other') }}
        and this.delivery_id <> other.delivery_id
        and this.{{ column }} is distinct from other.{{ column }}
group by this.region_code, this.delivery_id, this.row_number, this.{{ column }}, this.known_from
{%- endfor %}
{%- endfor %}
