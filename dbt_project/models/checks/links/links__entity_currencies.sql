-- Grain: entity that is delivered, was published, or is meant where none is delivered.
-- Why: the currency in which an entity keeps its books: the one its figures were published in, else the one it is delivered
-- with, else that of tieout.toml. Published figures are never in another one; a changed one is refused by the gate.
{{ config(materialized='table') }}

with published as (

    select entity_id, min(functional_currency) as functional_currency
    from {{ source('frozen', 'rpt_rollforward') }}
    where functional_currency is not null
    group by entity_id

),

delivered as (

    select entities.entity_id, min(entities.functional_currency) as functional_currency
    from {{ ref('exchange__entities') }} as entities
    inner join {{ ref('exchange__currencies') }} as currencies on entities.functional_currency = currencies.currency
    where entities.entity_id is not null
    group by entities.entity_id

),

named as (

    select entity_id, functional_currency from published
    union all
    select entity_id, functional_currency from delivered where entity_id not in (select entity_id from published)

)

select entity_id, functional_currency from named
union all
select context.default_entity_id as entity_id, context.default_entity_currency as functional_currency
from {{ source('run', 'context') }} as context
where context.default_entity_id not in (select entity_id from named)
