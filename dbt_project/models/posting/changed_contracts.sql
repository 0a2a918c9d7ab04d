-- Grain: contract with a source record that is new, different or gone since the last close, held ones left out.
-- Why: tells a change of the data from a change of the code, and which closed months may have been redistributed.

with known_now as (

    select entity, record_key, contract_id, record_version from {{ ref('accepted__known_records') }}

),

known_then as (

    select entity, record_key, contract_id, record_version from {{ source('frozen', 'known_records') }}

),

differing as (

    select
        known_now.contract_id as contract_id_now,
        known_then.contract_id as contract_id_then
    from known_now
    full outer join known_then
        on known_now.entity = known_then.entity and known_now.record_key = known_then.record_key
    where known_now.record_version is null
        or known_then.record_version is null
        or known_now.record_version != known_then.record_version
        or known_now.contract_id != known_then.contract_id

),

final as (

    select contract_id_now as contract_id from differing where contract_id_now is not null
    union
    select contract_id_then as contract_id from differing where contract_id_then is not null

)

select final.contract_id
from final
cross join {{ source('run', 'context') }} as context
where not context.is_first_publication
    and not exists (
        select 1 from {{ ref('accepted__contracts_out') }} as out
        where out.fate = 'held' and out.contract_id = final.contract_id
    )
