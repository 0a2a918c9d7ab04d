-- Grain: contract × rule that keeps it out of the facts.
-- Why: holding spreads once (architecture.md 21): from a faulty customer, product or document to its contracts, and
-- over all contracts combined with one. Every rule is kept: a close is waived only where all of them are.

with contracts as (

    select * from {{ ref('links__contracts') }}

),

faults as (

    select * from {{ ref('accepted__record_faults') }}

),

no_fault as (

    select record_key as contract_id, fate, rule
    from faults
    where entity = 'contracts' and fate in ('excluded', 'later')

),

faulty as (

    -- with every rule it fails, not only the one that names its fate
    select faults.entity, faults.record_key, faults.contract_id, failures.rule
    from faults
    inner join {{ source('gate', 'failures') }} as failures
        on faults.entity = failures.entity
        and faults.record_key = failures.record_key
        and failures.severity = 'quarantine'
    where faults.fate = 'quarantined'

),

faulty_prices as (

    select prices.product_id, prices.currency, faulty.rule
    from faulty
    inner join {{ ref('exchange__ssp_prices') }} as prices on faulty.record_key = prices.record_key
    where faulty.entity = 'ssp_prices'

),

faulty_documents as (

    -- a document is not used without its customer, so the contracts it is for would miss it
    select 'invoices' as entity, invoices.invoice_id as document_id, faulty.rule
    from faulty
    inner join {{ ref('exchange__invoices') }} as invoices on faulty.record_key = invoices.customer_id
    where faulty.entity = 'customers'

    union all

    select 'credit_notes' as entity, credit_notes.credit_note_id as document_id, faulty.rule
    from faulty
    inner join {{ ref('exchange__credit_notes') }} as credit_notes on faulty.record_key = credit_notes.customer_id
    where faulty.entity = 'customers'

    union all

    select entity, record_key as document_id, rule from faulty where entity in ('invoices', 'credit_notes')

    union all

    select 'invoices' as entity, payments.invoice_id as document_id, faulty.rule
    from faulty
    inner join {{ ref('links__payments') }} as payments on faulty.record_key = payments.record_key
    where faulty.entity = 'payments'

),

reached as (

    select contract_id, rule from faulty where contract_id is not null

    union all

    select contracts.contract_id, faulty.rule
    from faulty
    inner join contracts on faulty.record_key = contracts.customer_id
    where faulty.entity = 'customers'

    union all

    select contracts.contract_id, faulty.rule
    from faulty
    inner join contracts on faulty.record_key = contracts.entity_id
    where faulty.entity = 'entities'

    union all

    select lines.contract_id, faulty.rule
    from faulty
    inner join {{ ref('links__contract_lines') }} as lines on faulty.record_key = lines.product_id
    where faulty.entity = 'products'

    union all

    select lines.contract_id, faulty_prices.rule
    from faulty_prices
    inner join {{ ref('links__contract_lines') }} as lines on faulty_prices.product_id = lines.product_id
    inner join contracts on lines.contract_id = contracts.contract_id
    -- a price in another currency counts where there is none in the contract's own
    left join {{ ref('exchange__currencies') }} as currencies on faulty_prices.currency = currencies.currency
    where faulty_prices.currency = contracts.currency
        or currencies.currency is not null
        and not exists (
            select 1 from {{ ref('exchange__ssp_prices') }} as own
            where own.product_id = faulty_prices.product_id and own.currency = contracts.currency
        )

    union all

    select lines.contract_id, faulty_documents.rule
    from faulty_documents
    inner join {{ ref('links__invoice_lines') }} as lines on faulty_documents.document_id = lines.invoice_id
    where faulty_documents.entity = 'invoices'

    union all

    select lines.contract_id, faulty_documents.rule
    from faulty_documents
    inner join {{ ref('links__credit_note_lines') }} as lines on faulty_documents.document_id = lines.credit_note_id
    where faulty_documents.entity = 'credit_notes'

),

-- what is excluded or later holds nothing back: it is not there yet, or never was
reached_groups as (

    select distinct contracts.accounting_contract_id, reached.rule
    from reached
    inner join contracts on reached.contract_id = contracts.contract_id
    left join no_fault on reached.contract_id = no_fault.contract_id
    where no_fault.contract_id is null

),

final as (

    select
        contracts.contract_id,
        reached_groups.rule,
        max(case when reached.contract_id is not null then 1 else 0 end) = 1 as is_own
    from contracts
    inner join reached_groups on contracts.accounting_contract_id = reached_groups.accounting_contract_id
    left join no_fault on contracts.contract_id = no_fault.contract_id
    left join reached on contracts.contract_id = reached.contract_id and reached_groups.rule = reached.rule
    where no_fault.contract_id is null
    group by contracts.contract_id, reached_groups.rule

)

select * from final
