-- Grain: one row.
-- Why: the entity of what names none: the workspace's only one, null where there are several (architecture.md 26).
{{ config(materialized='table') }}

with entities as (

    select * from {{ ref('exchange__entities') }}

),

final as (

    select
        case
            when count(entities.record_key) = 0 then max(context.default_entity_id)
            when count(entities.record_key) = 1 then max(entities.entity_id)
        end as entity_id,
        count(entities.record_key) > 0 as has_entities
    from {{ source('run', 'context') }} as context
    left join entities on true

)

select * from final
