-- Grain: accepted invoice line, credit note line, or refund or lost dispute without a credit note of its amount (×
-- contract line where its invoice names lines); adjustment of what is billed; what a line taken over was billed before.
-- Why: what is billed and taken back with one sign, one tax and one date, before it meets a contract (accounting.md §6). A
-- refund lowers billed as a credit note would; of the two that stand for each other one counts. What names a contract
-- that has one line only belongs to that line. A credit for bad debt is_written_off: of it only what was never earned
-- lowers billed (write_offs).

with invoices as (

    select * from {{ ref('accepted__invoices') }}

),

credit_notes as (

    select * from {{ ref('accepted__credit_notes') }}

),

currencies as (

    select * from {{ ref('exchange__currencies') }}

),

invoice_lines as (

    select
        'invoice' as document_type,
        'invoice:' || lines.invoice_line_id as event_id,
        lines.invoice_id as document_id,
        lines.invoice_line_id as document_line_id,
        lines.contract_id,
        lines.contract_line_id,
        invoices.customer_id,
        invoices.entity_id,
        invoices.currency,
        invoices.issue_date,
        invoices.counts_from,
        invoices.status,
        invoices.status_date,
        invoices.tax_amount as document_tax_amount,
        lines.amount,
        lines.tax_amount,
        lines.service_start,
        lines.service_end,
        cast(null as {{ dbt.type_string() }}) as reason
    from {{ ref('accepted__invoice_lines') }} as lines
    inner join invoices on lines.invoice_id = invoices.invoice_id

),

credit_note_lines as (

    select
        'credit_note' as document_type,
        'credit_note:' || lines.credit_note_line_id as event_id,
        lines.credit_note_id as document_id,
        lines.credit_note_line_id as document_line_id,
        lines.contract_id,
        lines.contract_line_id,
        credit_notes.customer_id,
        credit_notes.entity_id,
        credit_notes.currency,
        credit_notes.issue_date,
        credit_notes.issue_date as counts_from,
        credit_notes.status,
        credit_notes.status_date,
        cast(null as decimal(18, 3)) as document_tax_amount,
        -lines.amount as amount,
        -lines.tax_amount as tax_amount,
        cast(null as date) as service_start,
        cast(null as date) as service_end,
        lines.reason
    from {{ ref('accepted__credit_note_lines') }} as lines
    inner join credit_notes on lines.credit_note_id = credit_notes.credit_note_id
    left join {{ ref('refund_pairs') }} as pairs
        on lines.credit_note_id = pairs.credit_note_id and not pairs.is_credit_first
    where pairs.credit_note_id is null

),

documents as (

    select * from invoice_lines
    union all
    select * from credit_note_lines

),

only_lines as (

    select contract_id, min(contract_line_id) as contract_line_id
    from {{ ref('line_allocations') }}
    group by contract_id
    having count(*) = 1

),

in_minor_units as (

    select
        documents.*,
        coalesce(documents.contract_line_id, only_lines.contract_line_id) as linked_line_id,
        currencies.exponent,
        {{ to_minor('documents.amount', 'currencies.exponent') }} as amount_minor,
        {{ to_minor('documents.tax_amount', 'currencies.exponent') }} as line_tax_minor,
        {{ to_minor('documents.document_tax_amount', 'currencies.exponent') }} as document_tax_minor
    from documents
    inner join currencies on documents.currency = currencies.currency
    left join only_lines on documents.contract_id = only_lines.contract_id

),

taxed_as_a_whole as (

    -- documents that state their tax once, for all lines
    select document_type, document_id
    from in_minor_units
    where document_tax_minor is not null
    group by document_type, document_id
    having count(line_tax_minor) = 0

),

spread_tax as (

    -- by amount, cumulatively rounded
    select
        lines.event_id,
        lines.document_tax_minor,
        abs(lines.amount_minor) as part,
        cast(sum(abs(lines.amount_minor)) over (
            partition by lines.document_type, lines.document_id order by lines.document_line_id
            rows between unbounded preceding and current row
        ) as bigint) as through_line,
        cast(sum(abs(lines.amount_minor)) over (partition by lines.document_type, lines.document_id) as bigint)
            as whole,
        row_number() over (
            partition by lines.document_type, lines.document_id order by lines.document_line_id
        ) as line_rank
    from in_minor_units as lines
    inner join taxed_as_a_whole
        on lines.document_type = taxed_as_a_whole.document_type and lines.document_id = taxed_as_a_whole.document_id

),

shared_tax as (

    select
        event_id,
        case
            when whole = 0 then case when line_rank = 1 then document_tax_minor else 0 end
            else {{ prorate('document_tax_minor', 'through_line', 'whole') }}
                - {{ prorate('document_tax_minor', '(through_line - part)', 'whole') }}
        end as tax_minor
    from spread_tax

),

final as (

    select
        refunds.kind as document_type,
        'payment:' || refunds.payment_id || coalesce('|' || lines.contract_line_id, '') as event_id,
        refunds.payment_id as document_id,
        refunds.payment_id as document_line_id,
        refunds.contract_id,
        coalesce(lines.contract_line_id, only_lines.contract_line_id) as contract_line_id,
        refunds.customer_id,
        cast(null as {{ dbt.type_string() }}) as entity_id,
        refunds.currency,
        refunds.exponent,
        refunds.payment_date as issue_date,
        refunds.payment_date as counts_from,
        cast(null as {{ dbt.type_string() }}) as status,
        cast(null as date) as status_date,
        -coalesce(lines.refund_net_minor, refunds.net_minor) as amount_minor,
        coalesce(lines.refund_net_minor, refunds.net_minor) - coalesce(lines.refund_minor, refunds.amount_minor) as tax_minor,
        cast(null as date) as service_start,
        cast(null as date) as service_end,
        cast(null as {{ dbt.type_string() }}) as reason,
        false as is_written_off
    from {{ ref('payments_net') }} as refunds
    left join {{ ref('refund_pairs') }} as pairs on refunds.payment_id = pairs.payment_id and pairs.is_credit_first
    left join {{ ref('refund_lines') }} as lines on refunds.payment_id = lines.payment_id
    left join only_lines on refunds.contract_id = only_lines.contract_id
    where refunds.kind in ('refund', 'dispute_lost')
        and refunds.contract_id is not null
        and pairs.payment_id is null

    union all

    select
        lines.document_type,
        lines.event_id,
        lines.document_id,
        lines.document_line_id,
        lines.contract_id,
        lines.linked_line_id as contract_line_id,
        lines.customer_id,
        lines.entity_id,
        lines.currency,
        lines.exponent,
        lines.issue_date,
        lines.counts_from,
        lines.status,
        lines.status_date,
        lines.amount_minor,
        cast(coalesce(lines.line_tax_minor, shared_tax.tax_minor, 0) as bigint) as tax_minor,
        lines.service_start,
        lines.service_end,
        lines.reason,
        coalesce(lines.reason = 'bad_debt' and lines.contract_id is not null, false) as is_written_off
    from in_minor_units as lines
    left join shared_tax on lines.event_id = shared_tax.event_id

    union all

    -- what an adjustment bills, and what of a line taken over was billed by documents that are not delivered
    select
        given.document_type,
        given.event_id,
        given.document_id,
        given.document_id as document_line_id,
        given.contract_id,
        given.contract_line_id,
        contracts.customer_id,
        contracts.entity_id,
        contracts.currency,
        given.exponent,
        given.issue_date,
        given.issue_date as counts_from,
        cast(null as {{ dbt.type_string() }}) as status,
        cast(null as date) as status_date,
        given.amount_minor,
        cast(0 as bigint) as tax_minor,
        cast(null as date) as service_start,
        cast(null as date) as service_end,
        given.reason,
        false as is_written_off
    from (
        select
            'adjustment' as document_type, event_id, adjustment_id as document_id, contract_id, contract_line_id,
            exponent, known_from as issue_date, amount_minor, reason
        from {{ ref('dated_adjustments') }}
        where measure = 'billed'
        union all
        select
            'opening' as document_type, 'opening_billing:' || contract_line_id as event_id,
            cast(null as {{ dbt.type_string() }}) as document_id, contract_id, contract_line_id, exponent, as_of_date as issue_date,
            amount_minor, cast(null as {{ dbt.type_string() }}) as reason
        from {{ ref('opening_billings') }}
    ) as given
    inner join {{ ref('accepted__contracts') }} as contracts on given.contract_id = contracts.contract_id

)

select * from final
