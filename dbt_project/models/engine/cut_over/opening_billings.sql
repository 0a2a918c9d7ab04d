-- Grain: line taken over that was billed more, or less, than the documents say that are delivered of it by then.
-- Why: of the time before a cut-over only open invoices need be delivered. The rest was billed and is settled: it stands in
-- billed, and as much in paid, so that no receivable is left of it (accounting.md §7). Minor units, without tax.

with lines as (

    select * from {{ ref('lines_taken_over') }}

),

documents as (

    {% for document, key, sign in [('invoice', 'invoice_id', ''), ('credit_note', 'credit_note_id', '-')] -%}
    select
        document_lines.contract_id,
        document_lines.contract_line_id,
        documents.issue_date,
        case when documents.status = 'void' then greatest(documents.status_date, documents.issue_date) end as void_date,
        {{ sign }}document_lines.amount as amount
    from {{ ref('accepted__' ~ document ~ '_lines') }} as document_lines
    inner join {{ ref('accepted__' ~ document ~ 's') }} as documents on document_lines.{{ key }} = documents.{{ key }}
    where document_lines.contract_id in (select contract_id from lines)
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

-- a document that names no line is of a contract's only one
linked as (

    select lines.contract_line_id, lines.as_of_date, lines.exponent, documents.issue_date, documents.void_date, documents.amount
    from documents
    inner join lines on documents.contract_line_id = lines.contract_line_id

    union all

    select lines.contract_line_id, lines.as_of_date, lines.exponent, documents.issue_date, documents.void_date, documents.amount
    from documents
    inner join lines on documents.contract_id = lines.contract_id
    where documents.contract_line_id is null

),

counted as (

    select contract_line_id, cast(sum({{ to_minor('amount', 'exponent') }}) as bigint) as billed_minor
    from linked
    where issue_date <= as_of_date and (void_date is null or void_date > as_of_date)
    group by contract_line_id

)

select
    lines.contract_id,
    lines.contract_line_id,
    lines.exponent,
    lines.as_of_date,
    cast(lines.billed_minor - coalesce(counted.billed_minor, 0) as bigint) as amount_minor
from lines
left join counted on lines.contract_line_id = counted.contract_line_id
where lines.billed_minor != coalesce(counted.billed_minor, 0)
