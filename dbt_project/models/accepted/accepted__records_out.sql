-- Grain: exchange record that is not used.
-- Why: what falls with a contract or a document falls with all of it; every record that is not here is used.
-- out_with says what it falls with: itself, contract, document or customer.
-- A billing of an excluded contract stays, unlinked (accounting.md §6), and so does what was paid for it.

{% set of_a_line = ['fulfillments', 'billing_schedule', 'opening_balances', 'adjustments'] %}

with faults as (

    select
        faults.entity,
        faults.record_key,
        faults.source_row,
        faults.contract_id,
        case when faults.fate = 'quarantined' and contracts_out.fate = 'held' then 'held' else faults.fate end as fate,
        faults.rule,
        'itself' as out_with
    from {{ ref('accepted__record_faults') }} as faults
    left join {{ ref('accepted__contracts_out') }} as contracts_out on faults.contract_id = contracts_out.contract_id

),

contracts_out as (

    select * from {{ ref('accepted__contracts_out') }}

),

-- documents and what belongs to them: an excluded contract leaves its billings behind
contracts_holding as (

    select * from contracts_out where fate != 'excluded'

),

customers_out as (

    select record_key as customer_id, fate, rule from faults where entity = 'customers'

),

lines_out as (

    select lines.contract_line_id, lines.contract_id, contracts_out.fate, contracts_out.rule
    from {{ ref('links__contract_lines') }} as lines
    inner join contracts_out on lines.contract_id = contracts_out.contract_id

),

with_contract as (

    select
        'contracts' as entity, records.record_key, records.source_row, records.contract_id,
        contracts_out.fate, contracts_out.rule
    from {{ ref('exchange__contracts') }} as records
    inner join contracts_out on records.contract_id = contracts_out.contract_id
    {% for entity in ['contract_lines', 'amendments', 'estimates'] %}
    union all
    select
        '{{ entity }}' as entity, records.record_key, records.source_row, records.contract_id,
        contracts_out.fate, contracts_out.rule
    from {{ ref('exchange__' ~ entity) }} as records
    inner join contracts_out on records.contract_id = contracts_out.contract_id
    {% endfor %}
    {%- for entity in of_a_line %}
    union all
    select
        '{{ entity }}' as entity, records.record_key, records.source_row, lines_out.contract_id,
        lines_out.fate, lines_out.rule
    from {{ ref('exchange__' ~ entity) }} as records
    inner join lines_out on records.contract_line_id = lines_out.contract_line_id
    {% endfor %}

),

-- 1. documents that are out as a whole, by themselves or with their customer
invoices_out as (

    select record_key as invoice_id, fate, rule, out_with from faults where entity = 'invoices'
    union all
    select invoices.invoice_id, customers_out.fate, customers_out.rule, 'customer' as out_with
    from {{ ref('exchange__invoices') }} as invoices
    inner join customers_out on invoices.customer_id = customers_out.customer_id

),

credit_notes_out as (

    select record_key as credit_note_id, fate, rule, out_with from faults where entity = 'credit_notes'
    union all
    select credit_notes.credit_note_id, customers_out.fate, customers_out.rule, 'customer' as out_with
    from {{ ref('exchange__credit_notes') }} as credit_notes
    inner join customers_out on credit_notes.customer_id = customers_out.customer_id

),

-- 2. their lines: with the document, or with the contract
invoice_lines_out as (

    select
        'invoice_lines' as entity, links.record_key, links.invoice_id, links.contract_id,
        contracts_holding.fate, contracts_holding.rule,
        'contract' as out_with
    from {{ ref('links__invoice_lines') }} as links
    inner join contracts_holding on links.contract_id = contracts_holding.contract_id
    union all
    select
        'invoice_lines' as entity, links.record_key, links.invoice_id, links.contract_id,
        invoices_out.fate, invoices_out.rule,
        'document' as out_with
    from {{ ref('links__invoice_lines') }} as links
    inner join invoices_out on links.invoice_id = invoices_out.invoice_id
    union all
    select
        'invoice_lines' as entity, links.record_key, links.invoice_id, links.contract_id,
        faults.fate, faults.rule, faults.out_with
    from {{ ref('links__invoice_lines') }} as links
    inner join faults on faults.entity = 'invoice_lines' and links.record_key = faults.record_key

),

credit_note_lines_out as (

    select
        'credit_note_lines' as entity, links.record_key, links.credit_note_id, links.contract_id,
        contracts_holding.fate, contracts_holding.rule,
        'contract' as out_with
    from {{ ref('links__credit_note_lines') }} as links
    inner join contracts_holding on links.contract_id = contracts_holding.contract_id
    union all
    select
        'credit_note_lines' as entity, links.record_key, links.credit_note_id, links.contract_id,
        credit_notes_out.fate, credit_notes_out.rule,
        'document' as out_with
    from {{ ref('links__credit_note_lines') }} as links
    inner join credit_notes_out on links.credit_note_id = credit_notes_out.credit_note_id
    union all
    -- the credit of an invoice that is held back; one that only is a draft or void says nothing about its credit
    select
        'credit_note_lines' as entity, links.record_key, links.credit_note_id, links.contract_id,
        invoices_out.fate, invoices_out.rule,
        'document' as out_with
    from {{ ref('links__credit_note_lines') }} as links
    inner join invoices_out on links.invoice_id = invoices_out.invoice_id
    where invoices_out.fate in ('quarantined', 'held')
    union all
    select
        'credit_note_lines' as entity, links.record_key, links.credit_note_id, links.contract_id,
        faults.fate, faults.rule, faults.out_with
    from {{ ref('links__credit_note_lines') }} as links
    inner join faults on faults.entity = 'credit_note_lines' and links.record_key = faults.record_key

),

-- 3. documents of which no line is left
emptied_invoices as (

    select lines.invoice_id, min(lines_out.fate) as fate, min(lines_out.rule) as rule, 'contract' as out_with
    from {{ ref('links__invoice_lines') }} as lines
    inner join (select distinct invoice_id from invoice_lines_out) as touched on lines.invoice_id = touched.invoice_id
    left join invoice_lines_out as lines_out on lines.record_key = lines_out.record_key
    group by lines.invoice_id
    having count(*) = count(lines_out.record_key)

    union all

    -- without lines it goes with the contract that it names
    select links.invoice_id, contracts_holding.fate, contracts_holding.rule, 'contract' as out_with
    from {{ ref('links__invoices') }} as links
    inner join contracts_holding on links.contract_id = contracts_holding.contract_id
    left join {{ ref('links__invoice_lines') }} as lines on links.invoice_id = lines.invoice_id
    where lines.invoice_id is null

),

emptied_credit_notes as (

    select
        lines.credit_note_id, min(lines_out.fate) as fate, min(lines_out.rule) as rule,
        'contract' as out_with
    from {{ ref('links__credit_note_lines') }} as lines
    inner join (select distinct credit_note_id from credit_note_lines_out) as touched
        on lines.credit_note_id = touched.credit_note_id
    left join credit_note_lines_out as lines_out on lines.record_key = lines_out.record_key
    group by lines.credit_note_id
    having count(*) = count(lines_out.record_key)

    union all

    select links.credit_note_id, contracts_holding.fate, contracts_holding.rule, 'contract' as out_with
    from {{ ref('links__credit_notes') }} as links
    inner join contracts_holding on links.contract_id = contracts_holding.contract_id
    left join {{ ref('links__credit_note_lines') }} as lines on links.credit_note_id = lines.credit_note_id
    where lines.credit_note_id is null

),

documents_out as (

    select
        'invoices' as entity, records.record_key, records.source_row,
        links.first_contract_id as contract_id, found.fate, found.rule,
        found.out_with
    from (select * from invoices_out union all select * from emptied_invoices) as found
    inner join {{ ref('exchange__invoices') }} as records on found.invoice_id = records.record_key
    inner join {{ ref('links__invoices') }} as links on records.record_key = links.record_key
    union all
    select
        'credit_notes' as entity, records.record_key, records.source_row,
        links.first_contract_id as contract_id, found.fate, found.rule,
        found.out_with
    from (select * from credit_notes_out union all select * from emptied_credit_notes) as found
    inner join {{ ref('exchange__credit_notes') }} as records on found.credit_note_id = records.record_key
    inner join {{ ref('links__credit_notes') }} as links on records.record_key = links.record_key
    union all
    select
        'invoice_lines' as entity, found.record_key, records.source_row, found.contract_id,
        found.fate, found.rule,
        found.out_with
    from invoice_lines_out as found
    inner join {{ ref('exchange__invoice_lines') }} as records on found.record_key = records.record_key
    union all
    select
        'credit_note_lines' as entity, found.record_key, records.source_row, found.contract_id,
        found.fate, found.rule,
        found.out_with
    from credit_note_lines_out as found
    inner join {{ ref('exchange__credit_note_lines') }} as records on found.record_key = records.record_key

),

payments_out as (

    select
        'payments' as entity, links.record_key, contracts_holding.fate, contracts_holding.rule,
        'contract' as out_with
    from {{ ref('links__payments') }} as links
    inner join contracts_holding on links.contract_id = contracts_holding.contract_id
    union all
    select 'payments' as entity, links.record_key, found.fate, found.rule, 'document' as out_with
    from {{ ref('links__payments') }} as links
    inner join (select * from invoices_out union all select * from emptied_invoices) as found
        on links.invoice_id = found.invoice_id
    where found.fate in ('quarantined', 'held')
    union all
    select
        'payments' as entity, payments.record_key, customers_out.fate, customers_out.rule,
        'customer' as out_with
    from {{ ref('exchange__payments') }} as payments
    inner join customers_out on payments.customer_id = customers_out.customer_id

),

found as (

    select
        entity, record_key, source_row, contract_id, fate, rule,
        out_with from faults where entity != 'known_records'
    union all
    select with_contract.*, 'contract' as out_with from with_contract
    union all
    select * from documents_out
    union all
    select
        payments_out.entity, payments_out.record_key, records.source_row, links.contract_id,
        payments_out.fate, payments_out.rule,
        payments_out.out_with
    from payments_out
    inner join {{ ref('exchange__payments') }} as records on payments_out.record_key = records.record_key
    inner join {{ ref('links__payments') }} as links on payments_out.record_key = links.record_key

),

strongest as (

    select
        found.*,
        row_number() over (
            partition by entity, record_key
            order by
                case fate when 'excluded' then 1 when 'later' then 2 when 'held' then 3 else 4 end,
                case out_with when 'itself' then 1 else 2 end,
                rule,
                out_with
        ) as place
    from found

),

final as (

    select entity, source_row, record_key, contract_id, fate, rule, out_with
    from strongest
    where place = 1

)

select * from final
