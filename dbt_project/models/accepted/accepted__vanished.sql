-- Grain: record that published figures stand on and that is delivered no more.
-- Why: its contract is held until it comes back, is cancelled or is let go by a waiver (accounting.md §2).

select entity, vanished_key as record_key, contract_id, first_period
from {{ ref('checks__known_records') }}
where has_vanished
