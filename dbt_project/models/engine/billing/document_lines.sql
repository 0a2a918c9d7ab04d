-- Grain: accepted invoice line or credit note line.
-- Why: both kinds of document with one sign, one tax and one date, before they meet a contract (accounting.md §6).

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
        invoices.entity_id,
        credit_notes.currency,
        credit_notes.issue_date,
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
    left join invoices on credit_notes.invoice_id = invoices.invoice_id

),

documents as (

    select * from invoice_lines
    union all
    select * from credit_note_lines

),

in_minor_units as (

    select
        documents.*,
        currencies.exponent,
        {{ to_minor('documents.amount', 'currencies.exponent') }} as amount_minor,
        {{ to_minor('documents.tax_amount', 'currencies.exponent') }} as line_tax_minor,
        {{ to_minor('documents.document_tax_amount', 'currencies.exponent') }} as document_tax_minor
    from documents
    inner join currencies on documents.currency = currencies.currency

),

taxed as (

    -- a tax stated for the whole document only is spread over its lines by amount, cumulatively rounded
    select
        in_minor_units.*,
        count(line_tax_minor) over document as taxed_lines,
        cast(sum(abs(amount_minor)) over (document order by document_line_id rows between unbounded preceding and current row)
            as bigint) as amount_through_line,
        cast(sum(abs(amount_minor)) over document as bigint) as document_amount,
        row_number() over (document order by document_line_id) as line_rank
    from in_minor_units
    window document as (partition by document_type, document_id)

),

final as (

    select
        document_type,
        event_id,
        document_id,
        document_line_id,
        contract_id,
        contract_line_id,
        customer_id,
        entity_id,
        currency,
        exponent,
        issue_date,
        status,
        status_date,
        amount_minor,
        cast(case
            when taxed_lines > 0 or document_tax_minor is null then coalesce(line_tax_minor, 0)
            when document_amount = 0 then case when line_rank = 1 then document_tax_minor else 0 end
            else {{ prorate('document_tax_minor', 'amount_through_line', 'document_amount') }}
                - {{ prorate('document_tax_minor', '(amount_through_line - abs(amount_minor))', 'document_amount') }}
        end as bigint) as tax_minor,
        service_start,
        service_end,
        reason
    from taxed

)

select * from final
