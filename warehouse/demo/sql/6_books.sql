-- The accounting system: accounts, rates, and a ledger that posts the documents as a real one would. What no document says,
-- revenue above all, it takes from the journals of tieout once a month is closed (write.post).

create table accounts as
select *
from (
    values
    ('1000', 'Cash at bank', 'asset', 'cash', 'cash'),
    ('1200', 'Accounts receivable', 'asset', 'accounts_receivable', 'accounts_receivable'),
    ('1250', 'Unbilled receivables', 'asset', 'unbilled_receivable', 'unbilled_receivable'),
    ('1260', 'Contract assets', 'asset', 'contract_asset', 'contract_asset'),
    ('1400', 'Inventory', 'asset', 'inventory', null),
    ('1700', 'Plant and equipment', 'asset', 'noncurrent_asset', null),
    ('2000', 'Accounts payable', 'liability', 'accounts_payable', null),
    ('2100', 'Deferred revenue', 'liability', 'deferred_revenue', 'deferred_revenue'),
    ('2150', 'Refund liabilities', 'liability', 'refund_liability', 'refund_liability'),
    ('2160', 'Customer deposits', 'liability', 'customer_deposits', 'customer_deposits'),
    ('2200', 'Value added tax', 'liability', 'tax_payable', 'tax_payable'),
    ('3000', 'Share capital', 'equity', 'equity', null),
    ('4000', 'Revenue, subscriptions', 'revenue', 'revenue', 'revenue'),
    ('4100', 'Revenue, hardware and services', 'revenue', 'revenue', null),
    ('5000', 'Cost of revenue', 'expense', 'cost_of_revenue', null),
    ('6000', 'Operating expense', 'expense', 'operating_expense', null),
    ('6500', 'Bad debt', 'expense', 'bad_debt', 'bad_debt'),
    ('7000', 'Exchange differences', 'expense', 'fx', 'fx')
) as t (account_id, account_name, account_type, category, role);

-- What one dollar is worth drifts from month to month, and day by day between.
create table rates as
with days as (
    select cast(unnest(generate_series(getvariable('first_day') - 14, getvariable('third_close') + 5, interval 1 day)) as date) as rate_date
),

levels as (
    select
        currencies.*,
        days.rate_date,
        first_of_month(days.rate_date) as month,
        months_after(first_of_month(days.rate_date), 1) as next_month
    from days
    cross join currencies
    where isodow(days.rate_date) < 6 and currencies.currency != 'USD'
)

select
    rate_date,
    currency,
    cast(millionths_of_a_dollar as bigint) * (
        100000
        + (roll(currency || month, 'rate', 601) - 300) * (next_month - rate_date) * 10 // (next_month - month)
        + (roll(currency || next_month, 'rate', 601) - 300) * (rate_date - month) * 10 // (next_month - month)
    ) // 100 as billionths
from levels;

create table journal_lines as
with documents as (
    select
        'I-' || invoices.invoice_id as journal_id, invoices.issue_date as posting_date, invoices.entity_id,
        invoices.currency, invoices.exponent, invoices.invoice_id as reference, invoices.wave, invoices.n,
        '1200' as debit_account, '2100' as credit_account, totals.net_minor, totals.tax_minor
    from invoices
    inner join invoice_totals as totals on invoices.invoice_id = totals.invoice_id
    where not invoices.is_draft and invoices.copy != 1

    union all

    -- withdrawn
    select
        'V-' || invoices.invoice_id,
        coalesce(invoices.void_date, first_of_month(getvariable('second_close')) + 19), invoices.entity_id,
        invoices.currency, invoices.exponent, invoices.invoice_id, invoices.void_wave, invoices.n,
        '2100', '1200', totals.net_minor, totals.tax_minor
    from invoices
    inner join invoice_totals as totals on invoices.invoice_id = totals.invoice_id
    where invoices.void_wave is not null and invoices.copy != 1

    union all

    select
        'C-' || credits.credit_note_id, credits.issue_date, invoices.entity_id,
        credits.currency, credits.exponent, credits.credit_note_id, credits.wave, credits.n,
        '2100', '1200', credits.amount_minor, credits.tax_minor
    from credits
    inner join invoices on credits.invoice_id = invoices.invoice_id
    where credits.void_date is null

    union all

    -- what is lost in a dispute, or given back without a credit note, is no revenue to come either
    select
        'P-' || payments.payment_id, payments.payment_date, payments.entity_id, payments.currency, payments.exponent,
        payments.payment_id, payments.wave, payments.n,
        case
            when payments.kind in ('payment', 'dispute_won') then '1000'
            when payments.kind = 'write_off' then '6500'
            when takes.back then '2100'
            else '1200'
        end,
        case when payments.kind in ('payment', 'dispute_won', 'write_off', 'dispute_lost') then '1200' else '1000' end,
        payments.amount_minor - case when takes.back then takes.tax_minor else 0 end,
        case when takes.back then takes.tax_minor else 0 end
    from payments
    inner join (
        select
            payments.payment_id,
            payments.kind = 'dispute_lost' or (payments.kind = 'refund' and payments.story = 'refund') as back,
            (2 * payments.amount_minor * totals.tax_minor + totals.total_minor) // (2 * totals.total_minor) as tax_minor
        from payments
        inner join invoice_totals as totals on payments.invoice_id = totals.invoice_id
    ) as takes on payments.payment_id = takes.payment_id
),

-- tax stands on the side of what is owed
sides as (
    select *, 1 as side, debit_account as account_id,
        net_minor + case when credit_account = '2100' then tax_minor else 0 end as debit_minor, 0 as credit_minor
    from documents
    union all
    select *, 2, credit_account, 0, net_minor + case when debit_account = '2100' then tax_minor else 0 end
    from documents
    union all
    select *, 3, '2200', case when debit_account = '2100' then tax_minor else 0 end, case when credit_account = '2100' then tax_minor else 0 end
    from documents
    where tax_minor != 0
)

select
    journal_id || '/' || side as journal_line_id,
    journal_id, posting_date, account_id, entity_id, currency, exponent,
    cast(debit_minor as bigint) as debit_minor, cast(credit_minor as bigint) as credit_minor, reference, wave, n
from sides;
