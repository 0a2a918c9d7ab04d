-- Which invoices are overdue in the last closed month, and by how much?
-- The sum over all of a contract's invoices is its accounts_receivable in fct_contract_balances.
select
    receivables.customer_id,
    customers.customer_name,
    receivables.contract_id,
    receivables.invoice_id,
    receivables.due_date,
    receivables.days_overdue,
    receivables.age_bucket,
    receivables.currency,
    receivables.billed,
    receivables.credited,
    receivables.paid,
    receivables.written_off,
    receivables.open
from marts.fct_receivables as receivables
left join marts.dim_customer as customers on receivables.customer_id = customers.customer_id
where receivables.period = (
        select period from marts.dim_period where status = 'closed' order by period_number desc limit 1
    )
    and receivables.days_overdue > 0
    and receivables.open > 0
order by receivables.days_overdue desc, receivables.open desc;
