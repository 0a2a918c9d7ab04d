select
    PositionNo as credit_note_line_id,
    CreditNo as credit_note_id,
    InvoicePosition as invoice_line_id,
    LineRef as contract_line_id,
    Net as amount,
    Tax as tax_amount,
    case Cause
        when 'Discount' then 'price_concession'
        when 'Correction' then 'billing_error'
        when 'Cancellation' then 'cancellation'
        when 'Return' then 'return'
        when 'Irrecoverable' then 'bad_debt'
        when 'Payment to customer' then 'paid_to_customer'
        else Cause
    end as reason,
    case Concerns
        when 'Whole' then 'all'
        when 'Past' then 'performed'
        when 'Future' then 'remaining'
        else Concerns
    end as applies_to,
    [_row_id] as source_rows,
    _rank as source_rank
from {{ source('lake', 'fakturo__credit_positions') }}
