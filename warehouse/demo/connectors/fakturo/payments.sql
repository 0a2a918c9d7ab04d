select
    EntryNo as payment_id,
    InvoiceNo as invoice_id,
    OrderRef as contract_id,
    DebtorNo as customer_id,
    coalesce(strftime(try_strptime(ValueDate, '%d.%m.%Y'), '%Y-%m-%d'), ValueDate) as payment_date,
    Amount as amount,
    Currency as currency,
    case EntryType
        when 'Receipt' then 'payment'
        when 'Refund' then 'refund'
        when 'Chargeback' then 'dispute'
        when 'Chargeback lost' then 'dispute_lost'
        when 'Chargeback won' then 'dispute_won'
        when 'Write-off' then 'write_off'
        else EntryType
    end as kind,
    [_row_id] as source_rows,
    _rank as source_rank
from {{ source('lake', 'fakturo__cash') }}
