-- Grain: entity × currency × balance × document or journal × period; period_index 0 is all closed ones.
-- Why: the ledger's side of the reconciliation (accounting.md §9 E9). A line belongs to the invoice, credit note or payment it
-- refers to, or to the journal of ours that it was imported from; a ledger that releases revenue on its own is compared by
-- month. What refers to nothing we know stands under its own journal. Year-end entries that move profit to equity are left
-- out. Debits positive, minor units.

with lines as (

    select
        lines.journal_id,
        lines.posting_date,
        lines.entity_id,
        lines.currency,
        lines.reference,
        lines.memo,
        {{ to_minor('lines.debit', 'currencies.exponent') }} - {{ to_minor('lines.credit', 'currencies.exponent') }} as amount_minor,
        chart.account_type,
        chart.account_category,
        accounts.balance,
        accounts.is_receivable,
        accounts.is_earned
    from {{ ref('accepted__gl_journal_lines') }} as lines
    inner join {{ ref('exchange__currencies') }} as currencies on lines.currency = currencies.currency
    left join (
        select account_id, min(account_type) as account_type, min(account_category) as account_category
        from {{ ref('exchange__gl_accounts') }}
        group by account_id
    ) as chart on lines.account_id = chart.account_id
    left join (
        select
            entity_id,
            account_id,
            max(balance) as balance,
            bool_or(own_balance = 'accounts_receivable') as is_receivable,
            bool_and(own_balance in ('deferred_revenue', 'revenue')) as is_earned
        from {{ ref('ledger_accounts') }}
        group by entity_id, account_id
    ) as accounts
        on lines.entity_id = accounts.entity_id and lines.account_id = accounts.account_id
    where exists (select 1 from {{ ref('ledger_accounts') }})

),

journals as (

    select
        entity_id,
        journal_id,
        count(case when account_type = 'equity' then 1 end) > 0
        and count(case when account_type in ('revenue', 'expense', 'equity') then 1 end) = count(*) as is_year_end,
        count(case when is_earned then 1 end) = count(*) as is_release,
        count(case when is_receivable then 1 end) > 0 as has_receivable,
        count(case when account_category = 'cash' then 1 end) > 0 as has_cash
    from lines
    group by entity_id, journal_id

),

own_journals as (

    select journal_id as item, journal_id as name from {{ source('frozen', 'fct_journal_entries') }}
    union
    select idempotency_key as item, journal_id as name from {{ source('frozen', 'fct_journal_entries') }}
    -- a month that was published anew is exported as a document of its own: a ninth version is enough
    {% for number in range(2, 10) -%}
    union
    select md5(journal_id || ':{{ number }}') as item, journal_id as name from {{ source('frozen', 'fct_journal_entries') }}
    {% endfor %}

),

documents as (

    select item, item_type, min(document_id) as document_id
    from (
        select invoice_id as item, 'invoice' as item_type, invoice_id as document_id from {{ ref('exchange__invoices') }}
        union
        select invoice_number, 'invoice', invoice_id from {{ ref('exchange__invoices') }} where invoice_number is not null
        union
        select credit_note_id, 'credit_note', credit_note_id from {{ ref('exchange__credit_notes') }}
        union
        select payment_id, 'payment', payment_id from {{ ref('exchange__payments') }}
        union
        -- what is paid at once may be named by what it pays
        select invoice_id, 'payment', min(payment_id) from {{ ref('exchange__payments') }} group by invoice_id having count(*) = 1
    ) as named
    group by item, item_type

),

referred as (

    select
        lines.*,
        journals.is_release,
        journals.has_receivable,
        coalesce(own_reference.name, own_memo.name, own_id.name) as own_journal,
        case when journals.has_cash then coalesce(payments.document_id, invoices.document_id, credit_notes.document_id)
            else coalesce(invoices.document_id, credit_notes.document_id, payments.document_id) end as document_id,
        case
            when journals.has_cash and payments.document_id is not null then 'payment'
            when invoices.document_id is not null then 'invoice'
            when credit_notes.document_id is not null then 'credit_note'
            when payments.document_id is not null then 'payment'
        end as document_type
    from lines
    inner join journals on lines.entity_id = journals.entity_id and lines.journal_id = journals.journal_id
    {% for type in ['invoice', 'credit_note', 'payment'] -%}
    left join documents as {{ type }}s on lines.reference = {{ type }}s.item and {{ type }}s.item_type = '{{ type }}'
    {% endfor -%}
    -- of a later export the number stands behind the journal
    {% for alias, column in [('own_reference', 'reference'), ('own_memo', 'memo'), ('own_id', 'journal_id')] -%}
    left join own_journals as {{ alias }} on {{ without_export_number('lines.' ~ column) }} = {{ alias }}.item
    {% endfor -%}
    where lines.balance is not null and not journals.is_year_end

),

placed as (

    select
        referred.*,
        days.period,
        case when days.is_closed then 0 else days.period_index end as period_index,
        days.period || ':' || referred.entity_id || ':' || referred.currency || ':recognition' as recognition_journal
    from referred
    inner join {{ ref('period_days') }} as days on referred.posting_date = days.day

),

imported as (

    select distinct own_journal from placed where own_journal is not null

),

named as (

    select
        placed.*,
        case
            when placed.own_journal is not null then placed.own_journal
            when placed.document_id is not null then placed.document_id
            when placed.is_release and imported.own_journal is null then placed.recognition_journal
            else placed.journal_id
        end as item,
        case
            when placed.own_journal is not null then 'journal'
            when placed.document_id is not null then placed.document_type
            when placed.is_release and imported.own_journal is null then 'journal'
            when placed.has_receivable and placed.reference is not null then 'unknown document'
            else 'manual entry'
        end as item_type
    from placed
    -- where ours of the month was imported, a release of revenue beside it is somebody's own
    left join imported on placed.recognition_journal = imported.own_journal

)

select
    period_index,
    entity_id,
    currency,
    balance,
    item_type,
    item,
    min(posting_date) as first_date,
    min(journal_id) as journal_id,
    cast(sum(amount_minor) as bigint) as amount_minor
from named
group by period_index, entity_id, currency, balance, item_type, item
