-- Grain: posting key whose closed months must be compared month by month.
-- Why: months are expanded only where something can differ (architecture.md posting 3): the cumulative at the
-- last close does, or what the contract stands on changed: its records, or the policy and the code for all of them
-- (each can move revenue between closed months of one sum).

with held as (

    select contract_id from {{ ref('accepted__contracts_out') }} where fate = 'held'

),

now_positions as (

    select positions.*, dimensions.contract_id
    from {{ ref('positions_at_close') }} as positions
    inner join {{ ref('dimension_sets') }} as dimensions on positions.dimension_id = dimensions.dimension_id

),

frozen_positions as (

    select frozen.posting_key, frozen.contract_id, frozen.amount_minor, frozen.tax_minor
    from {{ source('frozen', 'positions') }} as frozen
    where not exists (select 1 from held where held.contract_id = frozen.contract_id)

),

compared as (

    select
        coalesce(now_positions.posting_key, frozen_positions.posting_key) as posting_key,
        coalesce(now_positions.contract_id, frozen_positions.contract_id) as contract_id,
        coalesce(now_positions.amount_minor, 0) != coalesce(frozen_positions.amount_minor, 0)
        or coalesce(now_positions.tax_minor, 0) != coalesce(frozen_positions.tax_minor, 0) as has_moved
    from now_positions
    full outer join frozen_positions on now_positions.posting_key = frozen_positions.posting_key

)

select compared.posting_key
from compared
left join {{ ref('changed_contracts') }} as changed on compared.contract_id = changed.contract_id
cross join {{ source('run', 'context') }} as context
where not context.is_first_publication
    and (
        compared.has_moved
        or changed.contract_id is not null
        or context.has_policy_changed
        or context.has_code_changed
    )
