-- Grain: credit note.
-- Why: as links.invoices, for credit notes; invoice_id is the invoice that is credited: the one it names, else its lines'.
{{ config(materialized='table') }}

with by_line as (

    select
        credit_note_id,
        min(invoice_id) as invoice_id,
        min(contract_id) as first_contract_id,
        cast(count(distinct contract_id) as integer) as contracts
    from {{ ref('links__credit_note_lines') }}
    group by credit_note_id

),

totals as (

    select credit_note_id, cast(sum(amount + coalesce(tax_amount, 0)) as decimal(38, 3)) as lines_total
    from {{ ref('exchange__credit_note_lines') }}
    group by credit_note_id

),

final as (

    select
        credit_notes.record_key,
        credit_notes.credit_note_id,
        coalesce(by_line.first_contract_id, named.contract_id, invoices.first_contract_id) as first_contract_id,
        case
            when by_line.contracts = 1 then by_line.first_contract_id
            when coalesce(by_line.contracts, 0) = 0 then coalesce(named.contract_id, invoices.contract_id)
        end as contract_id,
        coalesce(first_contract.entity_id, named.entity_id, credited.entity_id, defaults.entity_id) as entity_id,
        coalesce(credit_notes.invoice_id, by_line.invoice_id) as invoice_id,
        coalesce(credit_notes.total_amount, totals.lines_total) as credit_total
    from {{ ref('exchange__credit_notes') }} as credit_notes
    left join by_line on credit_notes.credit_note_id = by_line.credit_note_id
    left join totals on credit_notes.credit_note_id = totals.credit_note_id
    left join {{ ref('links__contracts') }} as first_contract on by_line.first_contract_id = first_contract.contract_id
    left join {{ ref('links__contracts') }} as named on credit_notes.contract_id = named.contract_id
    left join {{ ref('links__invoices') }} as invoices on credit_notes.invoice_id = invoices.invoice_id
    left join {{ ref('links__invoices') }} as credited
        on coalesce(credit_notes.invoice_id, by_line.invoice_id) = credited.invoice_id
    cross join {{ ref('links__only_entity') }} as defaults

)

select * from final
