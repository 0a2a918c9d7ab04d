-- Shares of the price in line order: round(pool x cumulative SSP / SSP) less the same of the line before.
create table allocated as
with priced as (
    select lines.*, contracts.customer_id, contracts.signed_date, recognition_method as method,
        recognition_convention as convention, quantity * ssp_unit * 100 as ssp
    from lines inner join contracts using (contract_id) inner join products using (product_id)
),
summed as (
    select *,
        sum(amount) over (partition by contract_id) as pool,
        sum(ssp) over (partition by contract_id) as whole,
        sum(ssp) over (partition by contract_id order by line_number) as through
    from priced
)
select contract_line_id, contract_id, customer_id, product_id, signed_date, start_date, end_date, method, convention,
    quantity, amount,
    cast((2 * pool * through + whole) // (2 * whole) - (2 * pool * (through - ssp) + whole) // (2 * whole) as bigint)
        as allocated,
    datediff('month', start_date, end_date + 1) as months,
    case when day(start_date) > 15 then date_trunc('month', start_date) + interval 1 month
        else date_trunc('month', start_date) end as mid_start
from summed;

-- Elapsed / total at the end of each period, as whole numbers. `monthly`: a fraction of the first month, whole months, and a
-- fraction of the last; a month in progress accrues over its days of service.
create table cumulative as
with shipped as (
    select contract_line_id, last_day, sum(deliveries.quantity) as delivered
    from deliveries inner join periods on event_date <= last_day group by all
),
parts as (
    select allocated.*, periods.period, periods.is_future, periods.last_day, shipped.delivered,
        day(last_day(start_date)) as days_first,
        datediff('month', start_date, periods.last_day) as later,
        -- days of service in the month so far, and in all
        day(periods.last_day) - case when later = 0 then day(start_date) - 1 else 0 end as served,
        day(least(last_day(periods.last_day), end_date)) - case when later = 0 then day(start_date) - 1 else 0 end as days
    from allocated
    inner join periods
        on periods.last_day >= allocated.start_date and (not is_future or periods.last_day <= last_day(allocated.end_date))
    left join shipped on allocated.contract_line_id = shipped.contract_line_id and periods.last_day = shipped.last_day
),
fractions as (
    select *,
        case
            when method = 'point_in_time' then coalesce(delivered, 0)
            when last_day >= end_date then 1
            when convention = 'daily' then last_day - start_date + 1
            when convention = 'mid_month' then
                case when last_day >= mid_start then datediff('month', mid_start, last_day) * days + served else 0 end
            when later = 0 then served * days
            when last_day(last_day) > end_date then
                (days_first - day(start_date) + 1 + (later - 1) * days_first) * days + (day(start_date) - 1) * served
            else (days_first - day(start_date) + 1) * days + ((later - 1) * days + served) * days_first
        end as elapsed,
        case
            when method = 'point_in_time' then quantity
            when last_day >= end_date then 1
            when convention = 'daily' then end_date - start_date + 1
            when convention = 'mid_month' then months * days
            else months * days_first * days
        end as total
    from parts
)
select contract_line_id, contract_id, customer_id, product_id, period, last_day, is_future, method,
    end_date, allocated,
    cast((2 * allocated * least(elapsed, total) + total) // (2 * total) as bigint) as recognized,
    coalesce(lag(recognized) over (partition by contract_line_id order by last_day), 0) as before
from fractions;

create table fct_bookings as
select strftime(signed_date, '%Y-%m') as period, 'main' as entity_id, customer_id, contract_id, contract_line_id, product_id,
    signed_date as booking_date, 'new' as booking_type, cast(0.01 * amount as decimal(18, 3)) as amount
from allocated
union all
select strftime(signed_date, '%Y-%m'), 'main', customer_id, contract_id, contract_line_id, product_id, signed_date,
    'reallocation', cast(0.01 * (allocated - amount) as decimal(18, 3))
from allocated where allocated <> amount;

create table fct_billings as
select strftime(issue_date, '%Y-%m') as period, 'main' as entity_id, customer_id, allocated.contract_id, contract_line_id,
    product_id, invoice_id as document_id, issue_date as billing_date, cast(0.01 * bills.amount as decimal(18, 3)) as amount
from bills inner join invoices using (invoice_id) inner join allocated using (contract_line_id);

create table earned as
select * exclude (amount), cast(0.01 * amount as decimal(18, 3)) as amount
from (
    select period, 'main' as entity_id, customer_id, contract_id, contract_line_id, product_id, is_future,
        recognized - before as amount
    from cumulative
) where amount <> 0;

create table fct_recognized_revenue as select * exclude (is_future) from earned where not is_future;
create table fct_revenue_schedule as
select * exclude (is_future) from earned where is_future
union all
select strftime(end_date, '%Y-%m'), 'main', customer_id, contract_id, contract_line_id, product_id,
    cast(0.01 * (allocated - recognized) as decimal(18, 3))
from cumulative
where last_day = date '{as_of}' and method = 'point_in_time' and recognized <> allocated;

create table positions as
with billed as (
    select contract_line_id, period, sum(sum(bills.amount)) over (partition by contract_line_id order by period) as billed
    from (
        select contract_line_id, strftime(issue_date, '%Y-%m') as period, bills.amount
        from bills inner join invoices using (invoice_id)
    ) as bills
    group by contract_line_id, period
)
select cumulative.period, 'main' as entity_id, customer_id, contract_id, cumulative.contract_line_id, product_id,
    cast(0.01 * allocated as decimal(18, 3)) as contracted,
    cast(0.01 * (coalesce(billed, 0)) as decimal(18, 3)) as billed,
    cast(0.01 * recognized as decimal(18, 3)) as recognized,
    cast(0.01 * (allocated - recognized) as decimal(18, 3)) as backlog
from cumulative
asof left join billed on cumulative.contract_line_id = billed.contract_line_id and cumulative.period >= billed.period
where not is_future;

create table fct_backlog as select * from positions where backlog <> 0;

create table fct_contract_balances as
with receivable as (
    select contract_id, period, sum(sum(amount)) over (partition by contract_id order by period) as receivable
    from (
        select contract_id, strftime(issue_date, '%Y-%m') as period, bills.amount
        from bills inner join invoices using (invoice_id)
        union all
        select contract_id, strftime(payment_date, '%Y-%m'), -amount from payments
    ) as moved
    group by contract_id, period
),
netted as (
    select period, entity_id, customer_id, contract_id, sum(billed - recognized) as netted
    from positions group by all
)
select netted.period, entity_id, customer_id, netted.contract_id, greatest(netted, 0) as deferred_revenue,
    greatest(-netted, 0) as contract_asset, cast(0.01 * (coalesce(receivable, 0)) as decimal(18, 3)) as accounts_receivable
from netted
asof left join receivable on netted.contract_id = receivable.contract_id and netted.period >= receivable.period
where netted <> 0 or receivable <> 0;

create table rpt_bbb as
select * from (select period, sum(amount) as bookings from fct_bookings group by 1)
full join (select period, sum(amount) as billings from fct_billings group by 1) using (period)
full join (select period, sum(amount) as revenue from fct_recognized_revenue group by 1) using (period)
full join (select period, sum(backlog) as backlog from fct_backlog group by 1) using (period)
full join (
    select period, sum(deferred_revenue) as deferred_revenue, sum(contract_asset) as contract_asset
    from fct_contract_balances group by 1
) using (period);
