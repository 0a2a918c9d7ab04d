-- Grain: journal (period × entity × currency × kind) × account.
-- Why: what the controller posts (accounting.md §8): aggregated by account, balanced in contract and functional currency. Without
-- any account mapping there are none; a role that no row maps stands under '(unmapped)' and stops the close.

with accounted as (

    select
        periods.period,
        case postings.journal when 'reversal' then periods.start_date else periods.cut_end end as posting_date,
        postings.entity_id,
        postings.currency,
        currencies.functional_currency,
        currencies.exponent,
        currencies.functional_exponent,
        postings.journal,
        coalesce(accounts.account_id, '(unmapped)') as account_id,
        min(accounts.account_name) as account_name,
        min(postings.account_role) as first_role,
        max(postings.account_role) as last_role,
        cast(sum(postings.amount_minor) as bigint) as amount_minor,
        cast({{ sum_known('postings.functional_minor') }} as bigint) as functional_minor
    from {{ ref('journal_postings') }} as postings
    inner join {{ ref('periods') }} as periods on postings.period_index = periods.period_index
    inner join {{ ref('currency_scopes') }} as currencies
        on postings.entity_id = currencies.entity_id and postings.currency = currencies.currency
    left join {{ ref('mapped_accounts') }} as accounts
        on postings.period_index = accounts.period_index
        and postings.entity_id = accounts.entity_id
        and postings.account_role = accounts.account_role
        and coalesce(postings.revenue_category, '') = accounts.revenue_category
    where exists (select 1 from {{ ref('exchange__account_mapping') }})
    group by
        periods.period,
        case postings.journal when 'reversal' then periods.start_date else periods.cut_end end,
        postings.entity_id,
        postings.currency,
        currencies.functional_currency,
        currencies.exponent,
        currencies.functional_exponent,
        postings.journal,
        coalesce(accounts.account_id, '(unmapped)')

),

named as (

    select
        accounted.*,
        period || ':' || entity_id || ':' || currency || ':' || journal as journal_id
    from accounted
    where amount_minor != 0 or functional_minor != 0

)

-- greatest passes over nulls, and an amount without a rate is not 0
select
    named.period,
    named.entity_id,
    named.currency,
    named.functional_currency,
    named.journal_id,
    md5(named.journal_id) as idempotency_key,
    named.journal,
    named.posting_date,
    named.account_id,
    named.account_name,
    case when named.first_role = named.last_role then named.first_role else named.first_role || ', ' || named.last_role end
        as account_role,
    {{ to_amount('greatest(named.amount_minor, 0)', 'named.exponent') }} as debit,
    {{ to_amount('greatest(-named.amount_minor, 0)', 'named.exponent') }} as credit,
    case when named.functional_minor is not null then {{ to_amount('greatest(named.functional_minor, 0)', 'named.functional_exponent') }} end
        as debit_functional,
    case when named.functional_minor is not null then {{ to_amount('greatest(-named.functional_minor, 0)', 'named.functional_exponent') }} end
        as credit_functional,
    case named.journal
        when 'billing' then 'Invoices and credit notes'
        when 'recognition' then 'Revenue'
        when 'cash' then 'Payments, refunds and deposits'
        when 'bad_debt' then 'Receivables written off'
        when 'refund_liability' then 'Refund liability'
        when 'fx' then 'Exchange differences'
        when 'reclassification' then 'Contracts earned ahead of billing, at the end of the period'
        else 'Contracts earned ahead of billing, of the period before, taken back'
    end || ', ' || named.period as memo
from named
