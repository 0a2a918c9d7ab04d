-- Grain: written_off row that a credit for a cancellation of its contract follows.
-- Why: such a credit is a concession as far as it is above billed − recognized(x − 1), and what was written off without
-- having been earned has lowered billed (accounting.md §6): it takes its place among the rounds of the contract's money.

with credits as (

    select contract_id, max(known_from) as credited_on
    from {{ ref('concessions') }}
    where applies_to = 'cancellation'
    group by contract_id

),

contracts as (

    select distinct contract_id, accounting_contract_id from {{ ref('line_allocations') }}

)

select
    written_off.event_type || '|' || written_off.event_id as write_off_id,
    contracts.accounting_contract_id,
    written_off.contract_id,
    written_off.event_date,
    written_off.through_minor,
    written_off.paid_minor
from {{ ref('written_off') }} as written_off
inner join credits on written_off.contract_id = credits.contract_id and written_off.event_date < credits.credited_on
inner join contracts on written_off.contract_id = contracts.contract_id
