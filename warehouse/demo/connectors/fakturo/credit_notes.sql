select
    CreditNo as credit_note_id,
    InvoiceNo as invoice_id,
    OrderRef as contract_id,
    DebtorNo as customer_id,
    coalesce(strftime(try_strptime(CreditDate, '%d.%m.%Y'), '%Y-%m-%d'), CreditDate) as issue_date,
    Currency as currency,
    case State
        when 'Draft' then 'draft'
        when 'Open' then 'open'
        when 'Cancelled' then 'void'
        else State
    end as status,
    coalesce(strftime(try_strptime(StateDate, '%d.%m.%Y'), '%Y-%m-%d'), StateDate) as status_date,
    Gross as total_amount,
    [_row_id] as source_rows,
    _rank as source_rank
from {{ source('lake', 'fakturo__credits') }}
