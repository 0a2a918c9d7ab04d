-- Grain: entity that is delivered, and the one that is meant where none is.
-- Why: the currency in which an entity keeps its books; tieout.toml says it where no entities are delivered.
{{ config(materialized='table') }}

select entities.entity_id, min(entities.functional_currency) as functional_currency
from {{ ref('exchange__entities') }} as entities
where entities.entity_id is not null and entities.functional_currency is not null
group by entities.entity_id

union all

select context.default_entity_id as entity_id, context.default_entity_currency as functional_currency
from {{ source('run', 'context') }} as context
where not exists (
    select 1 from {{ ref('exchange__entities') }} as entities where entities.entity_id = context.default_entity_id
)
