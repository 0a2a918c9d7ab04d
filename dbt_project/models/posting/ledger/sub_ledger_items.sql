-- Grain: entity × currency × balance × document or journal × period; period_index 0 is all closed ones.
-- Why: our side of the reconciliation (accounting.md §9 E9): what is published and posted, by the invoice, credit note or
-- payment it comes from where the ledger posts these itself. What comes from none, as revenue, and all of a ledger that knows
-- no documents, by our journal. What a cut-over opened with is one item. Debits positive, minor units.

{% set entries = [] -%}
{% for journal, condition, sides in document_sides() -%}
{% for role, sign, has_amount, has_tax in sides if role in ['accounts_receivable', 'deferred_revenue', 'customer_deposits'] -%}
{% do entries.append((journal, condition, role, sign, has_tax)) -%}
{% endfor -%}
{% endfor -%}
{% do entries.append(('recognition', "measure = 'recognized'", 'deferred_revenue', '-1', false)) %}

with activity as (

    select
        0 as period_index,
        measure,
        event_id,
        event_type,
        entity_id,
        contract_id,
        currency,
        amount_minor,
        coalesce(tax_minor, 0) as tax_minor
    from {{ source('frozen', 'positions') }}
    where measure in ('billed', 'not_yet_counted', 'paid', 'deposited', 'bad_debt') or event_type = 'opening'

    union all

    select
        posted.period_index,
        posted.measure,
        posted.event_id,
        posted.event_type,
        dimensions.entity_id,
        dimensions.contract_id,
        dimensions.currency,
        posted.amount_minor,
        posted.tax_minor
    from {{ ref('posted') }} as posted
    inner join {{ ref('dimension_sets') }} as dimensions on posted.dimension_id = dimensions.dimension_id
    where posted.measure in ('billed', 'not_yet_counted', 'paid', 'deposited', 'bad_debt') or posted.event_type = 'opening'

),

flows as (

    select
        period_index,
        measure,
        case when event_type = 'opening' then 'opening:balances' else event_id end as event_id,
        entity_id,
        contract_id,
        contract_id = '(not linked)' as is_unlinked,
        currency,
        {{ as_flow('measure', 'amount_minor') }} as amount_minor,
        {{ tax_as_flow('measure', 'tax_minor') }} as tax_minor
    from activity
    where exists (select 1 from {{ ref('ledger_accounts') }})

),

entered as (

    {% for journal, condition, role, sign, has_tax in entries -%}
    select
        period_index, event_id, entity_id, contract_id, currency,
        case when event_id = 'opening:balances' then 'opening' else '{{ journal }}' end as journal,
        '{{ role }}' as account_role,
        {{ sign }} * (amount_minor{{ ' + tax_minor' if has_tax }}) as amount_minor
    from flows
    where {{ condition }}
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

-- an event is named by what it is, its record, and what of it: invoice:IL-7, refund:P-3, dispute_lost:P-4|L-1
events as (

    select
        entered.*,
        substring(event_id, 1, position(':' in event_id) - 1) as event_kind,
        substring(event_id, position(':' in event_id) + 1, position('|' in event_id || '|') - position(':' in event_id) - 1)
            as record_id
    from entered

),

documents as (

    select
        events.period_index,
        events.entity_id,
        events.contract_id,
        events.currency,
        events.journal,
        events.account_role,
        case when events.event_kind in ('invoice', 'credit_note', 'adjustment', 'opening') then events.event_kind else 'payment' end as item_type,
        coalesce(invoice_lines.invoice_id, credit_note_lines.credit_note_id, events.record_id) as item,
        events.amount_minor
    from events
    left join {{ ref('exchange__invoice_lines') }} as invoice_lines
        on events.event_kind = 'invoice' and events.record_id = invoice_lines.invoice_line_id
    left join {{ ref('exchange__credit_note_lines') }} as credit_note_lines
        on events.event_kind = 'credit_note' and events.record_id = credit_note_lines.credit_note_line_id

),

-- a ledger that refers to a single invoice posts invoices, credit notes and write-offs itself, and so it is with payments
posted_by_documents as (

    select distinct case item_type when 'payment' then 'cash' else 'billing' end as journal
    from {{ ref('ledger_items') }}
    where item_type in ('invoice', 'credit_note', 'payment')

    union

    select distinct 'bad_debt' as journal
    from {{ ref('ledger_items') }}
    where item_type in ('invoice', 'credit_note')

    union

    select 'opening' as journal

),

by_role as (

    select distinct entity_id, account_role, balance from {{ ref('ledger_accounts') }}

),

by_account as (

    select distinct entity_id, account_id, balance from {{ ref('ledger_accounts') }}

),

journals as (

    select 0 as period_index, entity_id, currency, journal_id, journal, account_id, debit - credit as amount
    from {{ source('frozen', 'fct_journal_entries') }}
    union all
    select periods.period_index, entries.entity_id, entries.currency, entries.journal_id, entries.journal, entries.account_id,
        entries.debit - entries.credit as amount
    from {{ ref('fct_journal_entries') }} as entries
    inner join {{ ref('periods') }} as periods on entries.period = periods.period

),

combined as (

    select
        documents.period_index, documents.entity_id, documents.currency, by_role.balance, documents.item_type, documents.item,
        documents.contract_id, documents.amount_minor
    from documents
    inner join by_role on documents.entity_id = by_role.entity_id and documents.account_role = by_role.account_role
    inner join posted_by_documents on documents.journal = posted_by_documents.journal

    union all

    select
        journals.period_index, journals.entity_id, journals.currency, by_account.balance, 'journal' as item_type,
        journals.journal_id as item,
        cast(null as {{ dbt.type_string() }}) as contract_id,
        {{ to_minor('journals.amount', 'currencies.exponent') }} as amount_minor
    from journals
    inner join by_account on journals.entity_id = by_account.entity_id and journals.account_id = by_account.account_id
    inner join {{ ref('exchange__currencies') }} as currencies on journals.currency = currencies.currency
    left join posted_by_documents on journals.journal = posted_by_documents.journal
    where posted_by_documents.journal is null and journals.amount != 0

)

select
    period_index,
    entity_id,
    currency,
    balance,
    item_type,
    item,
    min(contract_id) as contract_id,
    cast(sum(amount_minor) as bigint) as amount_minor
from combined
group by period_index, entity_id, currency, balance, item_type, item
having sum(amount_minor) != 0
