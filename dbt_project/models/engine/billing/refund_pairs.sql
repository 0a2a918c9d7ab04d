-- Grain: pair of a refund or lost dispute and a credit note that stand for each other.
-- Why: only a refund without a credit note of that amount is a price concession (accounting.md §6). They are paired one
-- to one in the order of their dates, by invoice and amount, a refund without an invoice by contract and amount; the
-- first of the two counts, the other for nothing.

with refunds as (

    select
        payment_id,
        invoice_id,
        contract_id,
        payment_date,
        currency,
        amount
    from {{ ref('accepted__payments') }}
    where kind in ('refund', 'dispute_lost')

),

note_lines as (

    select
        credit_note_id,
        cast(sum(amount + coalesce(tax_amount, 0)) as decimal(38, 3)) as lines_total,
        case when count(distinct contract_id) = 1 then min(contract_id) end as contract_id
    from {{ ref('accepted__credit_note_lines') }}
    group by credit_note_id

),

notes as (

    select
        notes.credit_note_id,
        notes.invoice_id,
        note_lines.contract_id,
        notes.issue_date,
        notes.currency,
        coalesce(notes.total_amount, note_lines.lines_total) as amount
    from {{ ref('accepted__credit_notes') }} as notes
    inner join note_lines on notes.credit_note_id = note_lines.credit_note_id

),

refunds_of_invoices as (

    select
        *,
        row_number() over (partition by invoice_id, currency, amount order by payment_date, payment_id) as place
    from refunds
    where invoice_id is not null

),

notes_of_invoices as (

    select
        *,
        row_number() over (partition by invoice_id, currency, amount order by issue_date, credit_note_id) as place
    from notes
    where invoice_id is not null

),

by_invoice as (

    select refunds.payment_id, refunds.payment_date, notes.credit_note_id, notes.issue_date
    from refunds_of_invoices as refunds
    inner join notes_of_invoices as notes
        on refunds.invoice_id = notes.invoice_id
        and refunds.currency = notes.currency
        and refunds.amount = notes.amount
        and refunds.place = notes.place

),

refunds_of_contracts as (

    select
        *,
        row_number() over (partition by contract_id, currency, amount order by payment_date, payment_id) as place
    from refunds
    where invoice_id is null and contract_id is not null

),

notes_of_contracts as (

    select
        notes.*,
        row_number() over (
            partition by notes.contract_id, notes.currency, notes.amount order by notes.issue_date, notes.credit_note_id
        ) as place
    from notes
    left join by_invoice on notes.credit_note_id = by_invoice.credit_note_id
    where by_invoice.credit_note_id is null and notes.contract_id is not null

),

paired as (

    select * from by_invoice

    union all

    select refunds.payment_id, refunds.payment_date, notes.credit_note_id, notes.issue_date
    from refunds_of_contracts as refunds
    inner join notes_of_contracts as notes
        on refunds.contract_id = notes.contract_id
        and refunds.currency = notes.currency
        and refunds.amount = notes.amount
        and refunds.place = notes.place

)

select
    payment_id,
    credit_note_id,
    issue_date <= payment_date as is_credit_first
from paired
