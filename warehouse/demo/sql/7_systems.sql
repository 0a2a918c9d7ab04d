-- The exports of three systems, in their own words and columns, as of the wave in the variables wave and exported.
-- A view an object; its first column is its key, by which its file is ordered.

create macro written(minor, exponent) as
    case exponent
        when 0 then cast(minor as varchar)
        when 2 then cast(cast(minor as decimal(18, 0)) * 0.01 as varchar)
        else cast(cast(minor as decimal(18, 0)) * 0.001 as varchar)
    end;

create macro with_comma(minor, exponent) as replace(written(minor, exponent), '.', ',');
create macro american(day) as strftime(cast(day as date), '%m/%d/%Y');
create macro german(day) as strftime(cast(day as date), '%d.%m.%Y');
create macro is_delivered(since) as since <= getvariable('wave');

-- --- atlas, the CRM: American dates, words of a sales department ---------------------------------------------------

create view atlas__companies as
select entity_id as "Code", entity_name as "LegalName", currency as "BookCurrency", time_zone as "TimeZone"
from companies;

create view atlas__accounts as
select
    customer_id as "AccountNo", customer_name as "AccountName", parent_customer_id as "ParentNo", segment as "Tier",
    industry as "Industry", region as "SalesRegion", country as "Country", debtor_number as "DebtorNo"
from customers;

create view atlas__items as
select
    product_id as "SKU",
    product_name as "ItemName",
    family as "Family",
    category as "RevenueClass",
    case method
        when 'ratable' then 'Over time' when 'point_in_time' then 'On delivery' when 'on_start' then 'At start'
        when 'percent_complete' then 'By progress' when 'milestone' then 'By milestone' when 'usage' then 'Metered'
        when 'drawdown' then 'Prepaid' when 'as_invoiced' then 'As billed'
    end as "EarnedBy",
    replace(convention, '_', ' ') as "Proration",
    case when product_id = 'FIRMWARE' then 'Residual' end as "Pricing"
from products;

create view atlas__price_book as
select
    product_id || ' ' || currency || ' ' || year(valid_from) as "EntryNo",
    product_id as "SKU",
    currency as "Currency",
    american(valid_from) as "ValidFrom",
    written(price_minor, exponent) as "ListPrice",
    prices.per as "Per",
    case when product_id = 'FIRMWARE' then written(price_minor // 2, exponent) end as "Floor",
    case when product_id = 'FIRMWARE' then written(price_minor * 2, exponent) end as "Ceiling"
from prices
inner join currencies using (currency);

create view atlas__orders as
select
    contracts.contract_id as "OrderNo",
    case when is_delivered(corrections.wave) or corrections.customer_id is null then contracts.customer_id else corrections.customer_id end as "AccountNo",
    contracts.entity_id as "Company",
    case
        when contracts.story = 'draft' then 'Draft'
        when contracts.story = 'proposal' then 'Quoted'
        when contracts.story = 'never_signed' then 'Terminated'
        when contracts.cancellation_signed_date <= getvariable('exported') then 'Terminated'
        when contracts.end_date < getvariable('exported') then 'Completed'
        when contracts.start_date > getvariable('exported') then 'Signed'
        else 'Activated'
    end as "Stage",
    case when contracts.story = 'renewal' then 'Renewal' else 'New business' end as "OrderType",
    case when contracts.story not in ('draft', 'proposal', 'never_signed') then american(contracts.signed_date) end as "SignedOn",
    american(case when is_delivered(corrections.wave) or corrections.start_date is null then contracts.start_date else corrections.start_date end) as "TermStart",
    american(contracts.end_date) as "TermEnd",
    contracts.currency as "Currency",
    written(
        case when is_delivered(corrections.wave) or corrections.amount_percent is null then totals.amount_minor
            else percent(totals.amount_minor, corrections.amount_percent) end,
        contracts.exponent
    ) as "OrderTotal",
    'O-' || right(contracts.contract_id, -2) as "OpportunityNo",
    american(contracts.signed_date - 20 - roll(contracts.n, 'opened', 90)) as "OpportunityOpened",
    ['D. Okafor', 'M. Lindt', 'A. Reyes', 'J. Smits', 'K. Mori', 'S. Haddad', 'P. Novak', 'L. Brandt'][roll(contracts.n, 'rep', 8) + 1] as "Owner",
    [null, null, null, 'Trade fair', 'Webinar', 'Referral'][roll(contracts.n, 'campaign', 6) + 1] as "Campaign",
    renewed.contract_id as "RenewsOrder",
    case when contracts.story = 'combined' then combined.contract_id end as "SignedWith",
    case when roll(contracts.n, 'convenience', 100) < 10 then 'Yes' else 'No' end as "MayCancel",
    case when roll(contracts.n, 'convenience', 100) < 10 then '30' end as "NoticeDays",
    case when contracts.cancellation_signed_date <= getvariable('exported') then american(contracts.cancelled_date) end as "TerminatedFrom",
    case when contracts.cancellation_signed_date <= getvariable('exported') then american(contracts.cancellation_signed_date) end as "TerminationSigned",
    case when contracts.cancellation_signed_date <= getvariable('exported')
        then ['plant closed', 'budget cut', 'moved to a competitor'][roll(contracts.n, 'why', 3) + 1] end as "TerminationReason"
from contracts
inner join (
    select contract_id, cast(sum(amount_minor) as bigint) as amount_minor
    from lines
    where amendment_id is null
    group by contract_id
) as totals on contracts.contract_id = totals.contract_id
left join corrections on contracts.contract_id = corrections.contract_id
left join contracts as renewed on contracts.story = 'renewal' and renewed.n = contracts.home
left join contracts as combined on contracts.story = 'combined' and combined.n = contracts.home
where is_delivered(contracts.wave);

create view atlas__order_lines as
select
    lines.contract_line_id as "LineNo",
    lines.contract_id as "OrderNo",
    cast(lines.line_number as varchar) as "Position",
    lines.product_id as "SKU",
    lines.amendment_id as "AddedBy",
    cast(case when lines.product_id != 'BUNDLE' then lines.quantity end as varchar) as "Quantity",
    written(lines.price_minor, lines.exponent) as "ListPrice",
    written(
        case when is_delivered(corrections.wave) or corrections.amount_percent is null then lines.amount_minor
            else percent(lines.amount_minor, corrections.amount_percent) end,
        lines.exponent
    ) as "LineTotal",
    lines.currency as "Currency",
    case when lines.amendment_id is not null then american(lines.start_date) end as "From",
    case when lines.amendment_id is not null then american(lines.end_date) end as "Until",
    case when lines.method = 'point_in_time' then american(lines.start_date + 45) end as "PromisedOn",
    lines.allocation_group as "PricedWith",
    written(lines.variable_minor, lines.exponent) as "Variable",
    written(lines.constrained_minor, lines.exponent) as "Constrained",
    cast(lines.expected_return_pct as varchar) as "ReturnsPercent",
    written(percent(lines.amount_minor, case when lines.method = 'point_in_time' then 55 else 25 end), lines.exponent) as "PlannedCost"
from lines
left join corrections on lines.contract_id = corrections.contract_id
where is_delivered(lines.wave);

create view atlas__changes as
select
    amendments.amendment_id as "ChangeNo",
    contract_id as "OrderNo",
    contract_line_id as "LineNo",
    case action when 'add' then 'Add' when 'change' then 'Modify' when 'extend' then 'Prolong' when 'cancel' then 'Terminate' when 'suspend' then 'Pause' end as "ChangeType",
    case treatment when 'separate' then 'Own deal' when 'prospective' then 'From now on' when 'cumulative_catch_up' then 'From the start' end as "Handling",
    american(effective_date) as "EffectiveOn",
    american(signed_date) as "SignedOn",
    cast(quantity_delta as varchar) as "QuantityChange",
    written(amount_minor, exponent) as "ValueChange",
    currency as "Currency",
    american(new_start_date) as "ResumesOn",
    american(new_end_date) as "NewEnd",
    reason as "Reason"
from amendments
where is_delivered(wave);

create view atlas__forecasts as
select
    estimate_id as "ForecastNo",
    contract_id as "OrderNo",
    contract_line_id as "LineNo",
    allocation_group as "PricedWith",
    american(estimate_date) as "ForecastOn",
    written(variable_minor, exponent) as "Variable",
    written(constrained_minor, exponent) as "Constrained",
    cast(expected_return_pct as varchar) as "ReturnsPercent",
    reason as "Reason"
from estimates
where is_delivered(wave);

create view atlas__service_log as
select
    fulfillment_id as "EntryNo",
    contract_line_id as "LineNo",
    american(event_date) as "EntryDate",
    case kind when 'delivery' then 'Shipped' when 'return' then 'Returned' when 'progress' then 'Progress' else 'Milestone' end as "EntryType",
    cast(quantity - case when is_delivered(3) then 0 else coalesce(overlooked, 0) end as varchar) as "Quantity",
    cast(percent_complete as varchar) as "PercentDone",
    written(cost_minor, exponent) as "CostToDate",
    written(completion_minor, exponent) as "CostForecast",
    written(amount_minor, exponent) as "Value",
    reason as "Note"
from fulfillments
where kind != 'usage' and is_delivered(wave);

-- --- fakturo, the billing system: semicolons, decimal commas, German dates; meters write JSON lines -----------------

create view fakturo__invoices as
select
    invoices.invoice_id as "InvoiceNo",
    coalesce(customers.debtor_number, invoices.customer_id) as "DebtorNo",
    invoices.contract_id as "OrderRef",
    invoices.entity_id as "Branch",
    german(invoices.issue_date) as "InvoiceDate",
    german(invoices.issue_date + 30) as "DueDate",
    invoices.currency as "Currency",
    case
        when invoices.is_draft then 'Draft'
        when is_delivered(invoices.void_wave) and (invoices.void_date is null or invoices.void_date <= getvariable('exported')) then 'Cancelled'
        when invoices.written_off_date <= getvariable('exported') then 'Irrecoverable'
        when invoices.paid_date <= getvariable('exported') then 'Paid'
        else 'Open'
    end as "State",
    case
        when is_delivered(invoices.void_wave) and invoices.void_date <= getvariable('exported') then german(invoices.void_date)
        when invoices.written_off_date <= getvariable('exported') then german(invoices.written_off_date)
    end as "StateDate",
    with_comma(totals.total_minor, invoices.exponent) as "Gross",
    with_comma(totals.tax_minor, invoices.exponent) as "Tax"
from invoices
inner join invoice_totals as totals on invoices.invoice_id = totals.invoice_id
inner join customers on invoices.customer_id = customers.customer_id
where is_delivered(invoices.wave);

create view fakturo__invoice_positions as
select
    invoice_lines.invoice_line_id as "PositionNo",
    invoice_lines.invoice_id as "InvoiceNo",
    case when invoice_lines.story != 'billed_whole' then invoice_lines.contract_line_id end as "LineRef",
    german(invoice_lines.service_start) as "ServiceFrom",
    german(invoice_lines.service_end) as "ServiceTo",
    with_comma(invoice_lines.amount_minor, invoice_lines.exponent) as "Net",
    with_comma(invoice_lines.tax_minor, invoice_lines.exponent) as "Tax"
from invoice_lines
where is_delivered(invoice_lines.wave);

create view fakturo__credits as
select
    credits.credit_note_id as "CreditNo",
    credits.invoice_id as "InvoiceNo",
    credits.contract_id as "OrderRef",
    coalesce(customers.debtor_number, credits.customer_id) as "DebtorNo",
    german(credits.issue_date) as "CreditDate",
    credits.currency as "Currency",
    case when credits.void_date <= getvariable('exported') then 'Cancelled' else 'Open' end as "State",
    case when credits.void_date <= getvariable('exported') then german(credits.void_date) end as "StateDate",
    with_comma(credits.amount_minor + credits.tax_minor, credits.exponent) as "Gross"
from credits
inner join customers on credits.customer_id = customers.customer_id
where is_delivered(credits.wave);

create view fakturo__credit_positions as
select
    credit_note_id || '.1' as "PositionNo",
    credit_note_id as "CreditNo",
    invoice_line_id as "InvoicePosition",
    contract_line_id as "LineRef",
    with_comma(amount_minor, exponent) as "Net",
    with_comma(tax_minor, exponent) as "Tax",
    case reason
        when 'price_concession' then 'Discount' when 'billing_error' then 'Correction' when 'cancellation' then 'Cancellation'
        when 'return' then 'Return' when 'bad_debt' then 'Irrecoverable' else 'Payment to customer'
    end as "Cause",
    case scope when 'all' then 'Whole' when 'performed' then 'Past' when 'remaining' then 'Future' end as "Concerns"
from credits
where is_delivered(wave);

create view fakturo__cash as
select
    payments.payment_id as "EntryNo",
    payments.invoice_id as "InvoiceNo",
    payments.contract_id as "OrderRef",
    coalesce(customers.debtor_number, payments.customer_id) as "DebtorNo",
    german(payments.payment_date) as "ValueDate",
    with_comma(payments.amount_minor, payments.exponent) as "Amount",
    payments.currency as "Currency",
    case payments.kind
        when 'payment' then 'Receipt' when 'refund' then 'Refund' when 'dispute' then 'Chargeback'
        when 'dispute_lost' then 'Chargeback lost' when 'dispute_won' then 'Chargeback won' else 'Write-off'
    end as "EntryType"
from payments
inner join customers on payments.customer_id = customers.customer_id
where is_delivered(payments.wave);

create view fakturo__billing_plan as
select
    contract_line_id || ' ' || issue_date as "PlanNo",
    contract_line_id as "LineRef",
    german(issue_date) as "PlannedOn",
    with_comma(cast(sum(amount_minor) as bigint), min(exponent)) as "Net"
from planned
where is_delivered(wave)
group by contract_line_id, issue_date;

create view fakturo__metering as
select
    fulfillment_id as "reading",
    contract_line_id as "line",
    strftime(event_date, '%Y-%m-%d') as "day",
    written(amount_minor, exponent) as "value"
from fulfillments
where kind = 'usage' and is_delivered(wave);

-- --- saldo, the accounting system: tabs, ISO dates -------------------------------------------------------------------

create view saldo__accounts as
select account_id as "account", account_name as "name", account_type as "class", category as "category"
from accounts;

create view saldo__mapping as
select role as "role", account_id as "account", null as "company"
from accounts
where role is not null;

create view saldo__periods as
select
    strftime(month, '%Y-%m') as "period",
    strftime(month, '%Y-%m-%d') as "first",
    strftime(last_day(month), '%Y-%m-%d') as "last",
    case when last_day(month) < getvariable('exported') - 35 then 'closed' else 'open' end as "status"
from (
    select cast(unnest(generate_series(
        make_date(getvariable('first_year') - 1, 1, 1), make_date(year(getvariable('third_close')) + 5, 12, 1), interval 1 month
    )) as date) as month
) as months;

create view saldo__rates as
select
    strftime(rate_date, '%Y-%m-%d') || ' ' || currency as "entry",
    strftime(rate_date, '%Y-%m-%d') as "day",
    currency as "from",
    'USD' as "to",
    cast(cast(billionths as decimal(18, 0)) * 0.000000001 as varchar) as "rate"
from rates
where rate_date <= getvariable('exported');

create view saldo__journal as
select
    journal_line_id as "line",
    journal_id as "journal",
    strftime(posting_date, '%Y-%m-%d') as "posted",
    account_id as "account",
    entity_id as "company",
    written(debit_minor, exponent) as "debit",
    written(credit_minor, exponent) as "credit",
    currency as "currency",
    reference as "reference"
from journal_lines
where is_delivered(wave);
