-- Catches: a write-off that lowers what a credit for a cancellation finds billed by another amount than is published: the
-- rounds of a contract's money and billing compute it apart.
with in_rounds as (

    select
        write_offs.write_off_id,
        amounts.contract_line_id,
        amounts.share_minor as amount_minor
    from {{ ref('write_offs_before_credits') }} as write_offs
    inner join {{ ref('modifications') }} as modifications
        on write_offs.write_off_id = modifications.first_id
        and write_offs.contract_id = modifications.contract_id
        and modifications.kind = 'write_off'
    inner join {{ ref('layer_amounts') }} as amounts
        on modifications.accounting_contract_id = amounts.accounting_contract_id
        and modifications.modification_number = amounts.modification_number

),

published as (

    select
        write_offs.write_off_id,
        spreads.contract_line_id,
        spreads.amount_minor
    from {{ ref('write_offs_before_credits') }} as write_offs
    inner join {{ ref('write_off_spreads') }} as spreads
        on write_offs.write_off_id = spreads.event_type || '|' || spreads.event_id
    inner join {{ ref('line_allocations') }} as lines
        on spreads.contract_line_id = lines.contract_line_id
        and write_offs.contract_id = lines.contract_id

)

select *
from in_rounds
full outer join published
    on in_rounds.write_off_id = published.write_off_id and in_rounds.contract_line_id = published.contract_line_id
where coalesce(in_rounds.amount_minor, 0) != coalesce(published.amount_minor, 0)
