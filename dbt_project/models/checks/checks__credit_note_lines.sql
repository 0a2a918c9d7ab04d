-- Grain: credit_note_lines record.
-- Why: every fact its rules ask for (expectations/suites/credit_note_lines.yml).

with as_invoiced as (

    select contract_line_id from {{ ref('contract_line_terms') }} where recognition_method = 'as_invoiced'

),

goods as (

    select contract_line_id from {{ ref('contract_line_terms') }} where recognition_method = 'point_in_time'

),

lines_of_contract as (

    select contract_id, count(*) as lines, min(contract_line_id) as only_line
    from {{ ref('links__contract_lines') }}
    group by contract_id

),

-- the last day on which terms change: a pool or a catch-up would take what was refunded
amended as (

    select
        contracts.contract_id,
        max(greatest(amendments.signed_date, amendments.effective_date)) as last_amended
    from {{ ref('exchange__amendments') }} as amendments
    inner join {{ ref('exchange__contracts') }} as amended_contracts on amendments.contract_id = amended_contracts.contract_id
    inner join {{ ref('exchange__contracts') }} as contracts
        on coalesce(amended_contracts.combined_with, amended_contracts.contract_id)
        = coalesce(contracts.combined_with, contracts.contract_id)
    where amendments.action != 'cancel'
    group by contracts.contract_id

),

final as (

    select
        {{ exchange_columns('credit_note_lines') }},
        links.contract_id,
        records.amount as held_amount,
        credit_notes.currency as held_currency,
        credit_notes.credit_note_id is not null as is_known_credit_note,
        coalesce(credit_notes.status in ('draft', 'void'), false) as is_of_no_credit_note,
        records.contract_line_id is null or lines.contract_line_id is not null as is_known_line,
        as_invoiced.contract_line_id is not null as is_recognized_as_invoiced,
        case
            when records.reason = 'return' and links.contract_line_id is null and lines_of_contract.lines > 1
                then 'a credit note for return that names no contract line'
            when records.reason = 'return' and goods.contract_line_id is not null and amended.last_amended > credit_notes.issue_date
                then 'a credit note for return of goods before an amendment of its contract'
            when records.reason = 'cancellation' and billed_as_a_whole.contract_id is not null
                then 'a credit note for cancellation of a contract whose invoices name no contract lines'
            when records.reason = 'bad_debt' and billed_as_a_whole.last_issue_date >= credit_notes.issue_date
                then 'a credit note for bad_debt before documents of its contract that name no contract lines'
        end as unsupported,
        records.invoice_line_id is null or invoice_lines.invoice_line_id is not null as is_known_invoice_line,
        {{ common_checks('credit_note_lines', 'currencies.exponent') }}
    from {{ ref('exchange__credit_note_lines') }} as records
    left join {{ ref('links__credit_note_lines') }} as links on records.record_key = links.record_key
    left join {{ ref('exchange__credit_notes') }} as credit_notes
        on records.credit_note_id = credit_notes.credit_note_id
    left join {{ ref('exchange__currencies') }} as currencies on credit_notes.currency = currencies.currency
    left join {{ ref('links__contract_lines') }} as lines on records.contract_line_id = lines.contract_line_id
    left join lines_of_contract on links.contract_id = lines_of_contract.contract_id
    left join amended on links.contract_id = amended.contract_id
    left join {{ ref('links__billed_as_a_whole') }} as billed_as_a_whole
        on links.contract_id = billed_as_a_whole.contract_id
    left join goods on coalesce(links.contract_line_id, lines_of_contract.only_line) = goods.contract_line_id
    left join as_invoiced on links.contract_line_id = as_invoiced.contract_line_id
    left join {{ ref('exchange__invoice_lines') }} as invoice_lines
        on records.invoice_line_id = invoice_lines.invoice_line_id

)

select * from final
