-- Grain: opening_balances record.
-- Why: every fact its rules ask for (expectations/suites/opening_balances.yml).

with records as (

    select openings.*, links.contract_id, contracts.accounting_contract_id
    from {{ ref('exchange__opening_balances') }} as openings
    left join {{ ref('links__contract_lines') }} as links on openings.contract_line_id = links.contract_line_id
    left join {{ ref('links__contracts') }} as contracts on links.contract_id = contracts.contract_id

),

cut_overs as (

    select contracts.contract_id, contracts.accounting_contract_id, days.first_as_of, days.last_as_of
    from (
        select accounting_contract_id, min(as_of_date) as first_as_of, max(as_of_date) as last_as_of
        from records
        where accounting_contract_id is not null
        group by accounting_contract_id
    ) as days
    inner join {{ ref('links__contracts') }} as contracts on days.accounting_contract_id = contracts.accounting_contract_id

),

-- lines of one accounting contract that were there by then and are not taken over
left_out as (

    select cut_overs.accounting_contract_id, min(lines.contract_line_id) as contract_line_id
    from cut_overs
    inner join {{ ref('exchange__contracts') }} as contracts
        on cut_overs.contract_id = contracts.contract_id and contracts.signed_date <= cut_overs.last_as_of
    inner join {{ ref('exchange__contract_lines') }} as lines on cut_overs.contract_id = lines.contract_id
    left join (
        select contract_line_id, min(coalesce(signed_date, effective_date)) as signed_date
        from {{ ref('exchange__amendments') }}
        where action = 'add'
        group by contract_line_id
    ) as additions
        on lines.contract_line_id = additions.contract_line_id
    left join records on lines.contract_line_id = records.contract_line_id
    where records.contract_line_id is null
        and (lines.amendment_id is null or additions.signed_date <= cut_overs.last_as_of)
    group by cut_overs.accounting_contract_id

),

lines_of_contract as (

    select contract_id, count(*) as lines from {{ ref('exchange__contract_lines') }} group by contract_id

),

longer_terms as (

    select contract_line_id, max(new_end_date) as new_end_date
    from {{ ref('exchange__amendments') }}
    where new_end_date is not null
    group by contract_line_id

),

documents as (

    {% for document, sign in [('invoice', ''), ('credit_note', '-')] -%}
    select
        links.contract_id,
        coalesce(links.contract_line_id, case when lines_of_contract.lines = 1 then only_line.contract_line_id end)
            as contract_line_id,
        links.record_key as document_line_id,
        documents.issue_date,
        case when documents.status = 'void' then documents.status_date end as void_date,
        {{ sign }}document_lines.amount as amount,
        {{ 'document_lines.service_end' if document == 'invoice' else 'cast(null as date)' }} as service_end,
        {{ 'document_lines.service_start' if document == 'invoice' else 'cast(null as date)' }} as service_start,
        {{ 'document_lines.reason' if document == 'credit_note' else 'cast(null as ' ~ dbt.type_string() ~ ')' }} as reason
    from {{ ref('links__' ~ document ~ '_lines') }} as links
    inner join cut_overs on links.contract_id = cut_overs.contract_id
    inner join {{ ref('exchange__' ~ document ~ '_lines') }} as document_lines on links.record_key = document_lines.record_key
    inner join {{ ref('exchange__' ~ document ~ 's') }} as documents
        on document_lines.{{ document }}_id = documents.{{ document }}_id
    inner join lines_of_contract on links.contract_id = lines_of_contract.contract_id
    inner join (
        select contract_id, min(contract_line_id) as contract_line_id
        from {{ ref('exchange__contract_lines') }}
        group by contract_id
    ) as only_line
        on links.contract_id = only_line.contract_id
    where documents.issue_date <= cut_overs.last_as_of
        and (documents.status is null or documents.status not in ('draft', 'void') or documents.status_date > cut_overs.last_as_of)
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

-- of what is billed as it is earned: the service of delivered invoices that is still to come
ahead as (

    select
        documents.contract_line_id,
        sum({{ to_minor('documents.amount', 'currencies.exponent') }} - {{ prorate(
            to_minor('documents.amount', 'currencies.exponent'),
            days_between('documents.service_start', 'least(records.as_of_date, documents.service_end)') ~ ' + 1',
            days_between('documents.service_start', 'documents.service_end') ~ ' + 1'
        ) }}) as ahead_minor
    from documents
    inner join records on documents.contract_line_id = records.contract_line_id
    inner join {{ ref('exchange__contracts') }} as contracts on documents.contract_id = contracts.contract_id
    inner join {{ ref('exchange__currencies') }} as currencies on contracts.currency = currencies.currency
    where documents.service_start <= documents.service_end and documents.service_end > records.as_of_date
    group by documents.contract_line_id

),

other_payments as (

    select links.contract_id, min(payments.payment_id) as payment_id, min(payments.kind) as kind
    from {{ ref('exchange__payments') }} as payments
    inner join {{ ref('links__payments') }} as links on payments.record_key = links.record_key
    inner join cut_overs on links.contract_id = cut_overs.contract_id
    where payments.kind in ('refund', 'dispute_lost', 'write_off') and payments.payment_date <= cut_overs.last_as_of
    group by links.contract_id

),

other_documents as (

    select
        contract_id,
        min(case when contract_line_id is null then document_line_id end) as unnamed,
        min(case when reason = 'bad_debt' then document_line_id end) as written_off
    from documents
    group by contract_id

),

own_periods as (

    select count(*) as declared from {{ ref('exchange__accounting_periods') }}

),

final as (

    select
        {{ exchange_columns('opening_balances') }},
        records.contract_id,
        records.contracted as held_amount,
        contracts.currency as held_currency,
        records.contract_id is not null as is_known_line,
        context.cut_date,
        contracts.signed_date,
        cut_overs.first_as_of,
        cut_overs.last_as_of,
        case
            when own_periods.declared > 0 then periods.end_date is not null
            else records.as_of_date = last_day(records.as_of_date)
        end as is_period_end,
        left_out.contract_line_id as line_left_out,
        context.last_closed_end,
        published.record_key is not null or records.as_of_date > coalesce(context.last_closed_end, cast('1900-01-01' as date))
            as is_before_a_close,
        terms.recognition_method as method,
        coalesce(terms.is_discount, false) as is_discount,
        coalesce(terms.is_unpriced, false) as is_unpriced,
        coalesce(longer_terms.new_end_date, terms.end_date) as term_end_date,
        records.contracted - records.recognized as open_amount,
        records.billed - records.recognized as ahead_amount,
        {{ to_amount('coalesce(cast(ahead.ahead_minor as bigint), 0)', 'currencies.exponent') }} as ahead_of_invoices,
        nullif(concat_ws(', ',
            case when other_documents.unnamed is not null
                then 'document line ' || other_documents.unnamed || ', which names none of its lines' end,
            case when other_documents.written_off is not null
                then 'credit note line ' || other_documents.written_off || ' for bad debt' end,
            case when other_payments.payment_id is not null
                then other_payments.kind || ' ' || other_payments.payment_id end
        ), '') as unsupported,
        {{ common_checks('opening_balances', 'currencies.exponent') }}
    from records
    left join {{ ref('exchange__contracts') }} as contracts on records.contract_id = contracts.contract_id
    left join {{ ref('exchange__currencies') }} as currencies on contracts.currency = currencies.currency
    left join (
        select record_key from {{ source('frozen', 'known_records') }} where entity = 'opening_balances'
    ) as published
        on records.record_key = published.record_key
    left join cut_overs on records.contract_id = cut_overs.contract_id
    left join left_out on records.accounting_contract_id = left_out.accounting_contract_id
    left join {{ ref('contract_line_terms') }} as terms on records.contract_line_id = terms.contract_line_id
    left join longer_terms on records.contract_line_id = longer_terms.contract_line_id
    left join ahead on records.contract_line_id = ahead.contract_line_id
    left join other_documents on records.contract_id = other_documents.contract_id
    left join other_payments on records.contract_id = other_payments.contract_id
    left join {{ ref('exchange__accounting_periods') }} as periods on records.as_of_date = periods.end_date
    cross join own_periods
    cross join {{ source('run', 'context') }} as context

)

select * from final
