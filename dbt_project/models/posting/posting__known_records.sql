-- Grain: entity × record key, of every source record that published figures stand on.
-- Why: tells late from corrected, and what has vanished; a held contract keeps the versions last accepted.

select entity, record_key, contract_id, record_version from {{ ref('accepted__known_records') }}

union all

select frozen.entity, frozen.record_key, frozen.contract_id, frozen.record_version
from {{ source('frozen', 'known_records') }} as frozen
inner join {{ ref('accepted__contracts_out') }} as out on frozen.contract_id = out.contract_id
where out.fate = 'held'
