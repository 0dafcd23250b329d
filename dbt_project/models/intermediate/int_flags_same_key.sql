-- X-KEY: two deliveries state one key as known at one moment and give a column different values. The documented order (delivery_id,
-- row_number) then decides which of them counts, and nobody could tell: so both are flagged, column by column. A column that one of them
-- leaves empty is no contradiction: not reported takes nothing back, and the two complete each other.
with

stated as (
    {{ no_statements() }}
    {%- for dataset, columns in agreed_columns().items() %}
    union all
    {{ statements_with_repeated_key(dataset, columns) }}
    {%- endfor %}
),

deliveries as (
    select * from {{ source('raw', 'deliveries') }}
),

contradicted as (
    select
        this.*,
        concat(other.value_text, '（', deliveries.file_name, '，报送 ', other.delivery_id, '）') as stated_elsewhere
    from stated as this
    inner join stated as other
        on
            this.dataset = other.dataset
            and this.key_text = other.key_text
            and this.known_from = other.known_from
            and this.column_name = other.column_name
            and this.delivery_id <> other.delivery_id
            and this.value_text <> other.value_text
    inner join deliveries on other.delivery_id = deliveries.delivery_id
)

select
    dataset,
    region_code,
    delivery_id,
    row_number,
    'X-KEY' as rule_id,
    column_name,
    value_text,
    string_agg(distinct stated_elsewhere, '；' order by stated_elsewhere) as compared_text,
    cast(null as double) as suggested_factor,
    known_from
from contradicted
-- by key too: a line of a wide form states several
group by dataset, region_code, delivery_id, row_number, key_text, column_name, value_text, known_from
