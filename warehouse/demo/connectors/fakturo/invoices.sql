-- Debtors are named by billing's own numbers where the CRM lists them (key_map).
select
    InvoiceNo as invoice_id,
    DebtorNo as customer_id,
    OrderRef as contract_id,
    Branch as entity_id,
    coalesce(strftime(try_strptime(InvoiceDate, '%d.%m.%Y'), '%Y-%m-%d'), InvoiceDate) as issue_date,
    coalesce(strftime(try_strptime(DueDate, '%d.%m.%Y'), '%Y-%m-%d'), DueDate) as due_date,
    Currency as currency,
    case State
        when 'Draft' then 'draft'
        when 'Open' then 'open'
        when 'Paid' then 'paid'
        when 'Cancelled' then 'void'
        when 'Irrecoverable' then 'uncollectible'
        else State
    end as status,
    coalesce(strftime(try_strptime(StateDate, '%d.%m.%Y'), '%Y-%m-%d'), StateDate) as status_date,
    Gross as total_amount,
    Tax as tax_amount,
    [_row_id] as source_rows,
    _rank as source_rank
from {{ source('lake', 'fakturo__invoices') }}
