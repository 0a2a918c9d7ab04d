-- Grain: row of audit.tie_outs.
-- Why: E5, Σ debits = Σ credits in each journal, entity, period and currency, in functional currency too; and what is posted
-- to a role moves it as the roll-forward says.

with moved as (

    -- contract assets and unbilled receivables are one balance of the roll-forward
    select
        periods.period,
        postings.entity_id,
        postings.currency,
        case postings.account_role when 'unbilled_receivable' then 'contract_asset' else postings.account_role end as balance,
        case when postings.account_role in ('accounts_receivable', 'contract_asset', 'unbilled_receivable') then 1 else -1 end
        * {{ to_amount('postings.amount_minor', 'currencies.exponent') }} as amount,
        case when postings.account_role in ('accounts_receivable', 'contract_asset', 'unbilled_receivable') then 1 else -1 end
        * {{ to_amount('postings.functional_minor', 'currencies.functional_exponent') }} as amount_functional
    from {{ ref('journal_postings') }} as postings
    inner join {{ ref('periods') }} as periods on postings.period_index = periods.period_index
    inner join {{ ref('currency_scopes') }} as currencies
        on postings.entity_id = currencies.entity_id and postings.currency = currencies.currency
    where postings.account_role in (
        'accounts_receivable', 'contract_asset', 'unbilled_receivable', 'deferred_revenue', 'refund_liability', 'customer_deposits'
    )

),

compared as (

    {% for step in ['', '_functional'] -%}
    {% set in_currency = ' in functional currency' if step else '' -%}
    -- where no rates are delivered there is nothing to add up
    select
        period, entity_id, currency,
        journal || '{{ in_currency }}' as journal,
        journal as item,
        sum(debit{{ step }}) as expected,
        sum(credit{{ step }}) as actual
    from {{ ref('fct_journal_entries') }}
    where debit{{ step }} is not null
    group by period, entity_id, currency, journal

    union all

    select
        period, entity_id, currency,
        'postings of ' || balance || '{{ in_currency }}' as journal,
        balance as item,
        sum(rolled) as expected,
        sum(posted) as actual
    from (
        select
            period, entity_id, currency, balance, 0 as posted,
            case movement when 'closing' then amount{{ step }} when 'opening' then -amount{{ step }} else 0 end as rolled
        from {{ ref('rpt_rollforward') }}
        where balance != 'backlog'
        union all
        -- what a cut-over brings is in the ledger's own opening balances, contract assets as negative deferred revenue
        select
            period, entity_id, currency,
            case balance when 'contract_asset' then 'deferred_revenue' else balance end as balance,
            0 as posted,
            case balance when 'contract_asset' then amount{{ step }} else -amount{{ step }} end as rolled
        from {{ ref('rpt_rollforward') }}
        where balance != 'backlog' and movement = 'cut_over'
        union all
        select period, entity_id, currency, balance, amount{{ step }} as posted, 0 as rolled
        from moved
    ) as sides
    group by period, entity_id, currency, balance
    having count(*) = count(rolled) and count(*) = count(posted)
    {{ 'union all' if not loop.last }}

    {% endfor %}

)

{{ tie_out('E5', 'compared', ['period', 'entity_id', 'currency', 'journal']) }}
