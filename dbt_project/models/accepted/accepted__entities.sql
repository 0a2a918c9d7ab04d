-- Grain: legal entity that is used.
-- Why: a company that delivers no entities is one entity, named in tieout.toml (architecture.md 26).

with accepted as (

    {{ accepted_entity() }}

)

select * from accepted

union all

select
    context.default_entity_id as entity_id,
    context.default_entity_id as entity_name,
    context.default_entity_currency as functional_currency,
    cast(null as {{ dbt.type_string() }}) as time_zone,
    cast(null as {{ dbt.type_string() }}) as source_system,
    cast(null as bigint) as source_row,
    cast(null as {{ array_of_row_ids() }}) as source_rows,
    context.default_entity_id as record_key,
    cast(null as {{ dbt.type_string() }}) as record_version,
    false as has_conflict,
    cast(0 as integer) as identical_rows
from {{ source('run', 'context') }} as context
cross join {{ ref('links__only_entity') }} as entities
where not entities.has_entities
