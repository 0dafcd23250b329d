-- One row per warehouse, item and kind of which a statement or a movement came or went. A correction may name another item, and each version of
-- a movement that was touched is among these rows.
{%- set stock = stock_columns() | join(', ') %}

select {{ stock }} from {{ ref('stg_supplies') }}
union
select {{ stock }} from {{ ref('stg_supply_movements') }}
union
select {{ stock }} from {{ landed_relation('removed', 'supplies') }}
union
select {{ stock }} from {{ landed_relation('removed', 'supply_movements') }}
