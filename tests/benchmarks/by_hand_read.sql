-- The exports, typed; money in cents.
create table contracts as select contract_id, customer_id, signed_date, start_date, end_date
    from read_csv({contracts});
create table lines as
    select contract_line_id, contract_id, line_number, product_id, quantity, start_date, end_date,
        cast(cast(amount as decimal(18, 2)) * 100 as bigint) as amount
    from read_csv({contract_lines}, types = {{'amount': 'decimal(18, 2)'}});
create table products as select product_id, recognition_method, recognition_convention, ssp_unit from read_csv({products});
create table bills as
    select invoice_line_id, invoice_id, contract_line_id, cast(cast(amount as decimal(18, 2)) * 100 as bigint) as amount
    from read_csv({invoice_lines}, types = {{'amount': 'decimal(18, 2)'}});
create table invoices as select invoice_id, contract_id, issue_date from read_csv({invoices});
create table deliveries as select contract_line_id, event_date, quantity from read_csv({fulfillments});
create table payments as
    select contract_id, payment_date, cast(cast(amount as decimal(18, 2)) * 100 as bigint) as amount
    from read_csv({payments}, types = {{'amount': 'decimal(18, 2)'}});
create table periods as
    select strftime(first, '%Y-%m') as period, last_day(first) as last_day, last_day(first) > date '{as_of}' as is_future
    from generate_series(timestamp '{first}', (select max(end_date) from contracts), interval 1 month) as t (first)
    union all select strftime(date '{as_of}', '%Y-%m'), date '{as_of}', false;
