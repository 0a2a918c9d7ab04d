-- What is billed, credited and paid.

-- The plan: a part of a line on a day. Cadence 99 is everything at once.
create table planned as
with dated as (
    select
        lines.* exclude (wave),
        contracts.contract_id as of_contract,
        contracts.offer,
        contracts.term_months,
        contracts.billing_months,
        contracts.signed_date,
        contracts.cancelled_date,
        contracts.tax_percent,
        case when lines.amendment_id is null then contracts.wave else lines.wave end as wave,
        cast((contracts.term_months + contracts.billing_months - 1) // contracts.billing_months as integer) as parts,
        amendments.effective_date,
        amendments.signed_date as amended_on
    from lines
    inner join contracts on lines.contract_id = contracts.contract_id
    left join amendments on lines.amendment_id = amendments.amendment_id and lines.contract_line_id = amendments.contract_line_id
),

parts as (
    select cast(unnest(range(1, 37)) as integer) as part
),

split as (
    -- over the term, in advance; what an amendment adds is billed at once
    select
        contract_line_id, of_contract as contract_id,
        case
            when amendment_id is not null then greatest(effective_date, amended_on)
            else greatest(signed_date, months_after(start_date, (part - 1) * billing_months))
        end as issue_date,
        through(amount_minor, part, case when amendment_id is null then parts else 1 end)
            - through(amount_minor, part - 1, case when amendment_id is null then parts else 1 end) as amount_minor,
        cast(null as date) as service_start, cast(null as date) as service_end,
        wave, story, tax_percent, exponent, cancelled_date, line_number
    from dated
    inner join parts on parts.part <= case when dated.amendment_id is null then dated.parts else 1 end
    where dated.method in ('ratable', 'on_start', 'drawdown')
        or dated.billing_months = 99 and coalesce(dated.method, 'point_in_time') = 'point_in_time'

    union all

    -- a project: at its start, halfway and at its end
    select
        contract_line_id, of_contract,
        greatest(signed_date, months_after(start_date, [0, 4, 8][part])),
        [percent(amount_minor, 30), percent(amount_minor, 40), amount_minor - percent(amount_minor, 30) - percent(amount_minor, 40)][part],
        null, null, wave, story, tax_percent, exponent, cancelled_date, line_number
    from dated
    inner join parts on parts.part <= 3
    where dated.method = 'percent_complete'

    union all

    -- hours: month by month for the month before
    select
        contract_line_id, of_contract,
        cast(months_after(start_date, part) + 1 as date),
        price_minor * (quantity // term_months) * (70 + roll(n, 'hours ' || part, 50)) // 100,
        months_after(start_date, part - 1), cast(months_after(start_date, part) - 1 as date),
        wave, story, tax_percent, exponent, cancelled_date, line_number
    from dated
    inner join parts on parts.part <= dated.term_months
    where dated.method = 'as_invoiced'

    union all

    -- what is handed over or used is billed the day after
    select
        dated.contract_line_id, dated.of_contract,
        cast(fulfillments.event_date + 1 as date),
        case
            when fulfillments.kind = 'delivery'
                then dated.amount_minor * fulfillments.quantity // dated.quantity
            else fulfillments.amount_minor
        end,
        null, null, greatest(dated.wave, fulfillments.wave), dated.story, dated.tax_percent, dated.exponent,
        dated.cancelled_date, dated.line_number
    from dated
    inner join fulfillments on dated.contract_line_id = fulfillments.contract_line_id
    where fulfillments.kind = 'delivery' and fulfillments.part != 9 and dated.billing_months != 99
        or fulfillments.kind = 'milestone'
        or fulfillments.kind = 'usage' and dated.method = 'usage'

    union all

    -- what a change adds
    select
        contract_line_id, amendments.contract_id,
        cast(case when action = 'extend' then greatest(amendments.end_date + 1, amendments.signed_date + 5) else amendments.signed_date + 5 end as date),
        amendments.amount_minor,
        null, null, amendments.wave, amendments.story, contracts.tax_percent, amendments.exponent, contracts.cancelled_date, amendments.line_number
    from amendments
    inner join contracts on amendments.contract_id = contracts.contract_id
    where action in ('change', 'extend') and amendments.amount_minor > 0
)

select * from split
where amount_minor != 0
    and story not in ('draft', 'proposal', 'never_signed', 'cancelled_before')
    and (cancelled_date is null or issue_date < cancelled_date)
    and contract_line_id || issue_date not in (
        -- no more of what an amendment cancels
        select split.contract_line_id || split.issue_date
        from split
        inner join amendments on split.contract_line_id = amendments.contract_line_id and amendments.action = 'cancel'
        where split.issue_date >= amendments.effective_date
    );

create table invoices as
with documents as (
    select
        contract_id, issue_date, 0 as copy, min(wave) as wave, min(story) as story,
        row_number() over (partition by contract_id order by issue_date) as number
    from planned
    where seen(issue_date) <= 3
    group by contract_id, issue_date
),

-- the first invoice written twice, once more after it was withdrawn, or in draft
copied as (
    select * from documents
    union all
    select contract_id, issue_date, 1, wave, story, 91
    from documents
    where number = 1 and story = 'void_dated'
    union all
    select contract_id, cast(first_of_month(getvariable('second_close')) + 19 as date), 2, 2, story, 92
    from documents
    where number = 1 and story = 'void_undated'
    union all
    select contract_id, cast(issue_date + 45 as date), 3, wave, story, 93
    from documents
    where number = 1 and story = 'draft_invoice'
),

settled as (
    select
        copied.*,
        documents.issue_date as of_date,
        copied.number = 1 as is_first
    from copied
    left join documents on copied.contract_id = documents.contract_id and documents.number = 1
)

select
    replace(settled.contract_id, 'K', 'R') || '-' || lpad(cast(settled.number as varchar), 2, '0') as invoice_id,
    settled.contract_id,
    settled.issue_date,
    case when settled.copy = 0 then settled.issue_date else settled.of_date end as planned_date,
    settled.copy,
    settled.is_first,
    settled.story,
    contracts.n,
    contracts.customer_id,
    contracts.entity_id,
    contracts.currency,
    contracts.exponent,
    contracts.tax_percent,
    settled.copy = 3 as is_draft,
    -- from which wave on it is void, and since when (null: it never counted)
    case
        when settled.copy = 1 then 1
        when settled.story = 'void_undated' and settled.is_first then 2
        when settled.story = 'void_late' and settled.is_first then 3
    end as void_wave,
    cast(case
        when settled.copy = 1 then settled.issue_date + 3
        when settled.story = 'void_late' and settled.is_first then first_of_month(getvariable('third_close')) + 14
    end as date) as void_date,
    case when settled.story = 'write_off' and settled.is_first then cast(settled.issue_date + 100 as date) end as written_off_date,
    case
        when settled.copy in (1, 3) or settled.is_first and settled.story in ('void_undated', 'void_late', 'write_off', 'bad_debt') then null
        when settled.story = 'plain' and roll(contracts.n, 'unpaid ' || settled.number, 100) < 4 then null
        else cast(settled.issue_date + 12 + roll(contracts.n, 'paid ' || settled.number, 38) as date)
    end as paid_date,
    greatest(settled.wave, seen(settled.issue_date)) as wave
from settled
inner join contracts on settled.contract_id = contracts.contract_id
where seen(settled.issue_date) <= 3;

create table invoice_lines as
with billed as (
    select
        invoices.invoice_id,
        invoices.contract_id,
        invoices.exponent,
        invoices.tax_percent,
        invoices.wave,
        invoices.is_first,
        invoices.story,
        planned.contract_line_id,
        planned.service_start,
        planned.service_end,
        -- one site too many
        case when invoices.story = 'billing_error' and invoices.is_first then percent(planned.amount_minor, 104) else planned.amount_minor end
            as amount_minor,
        row_number() over (partition by invoices.invoice_id order by planned.contract_line_id, planned.amount_minor) as position
    from invoices
    inner join planned on invoices.contract_id = planned.contract_id and invoices.planned_date = planned.issue_date
)

select
    invoice_id || '.' || position as invoice_line_id,
    *,
    percent(amount_minor, tax_percent) as tax_minor
from billed;

create table invoice_totals as
select
    invoice_id,
    cast(sum(amount_minor) as bigint) as net_minor,
    cast(sum(tax_minor) as bigint) as tax_minor,
    cast(sum(amount_minor + tax_minor) as bigint) as total_minor
from invoice_lines
group by invoice_id;

-- Credit notes have one line each, and credit the first invoice of their contract.
create table credits as
with said as (
    select *
    from (
        -- so many days after the invoice, percent of its first line, reason, scope
        values
        ('concession', 130, 8, 'price_concession', null),
        ('concession_performed', 130, 6, 'price_concession', 'performed'),
        ('concession_remaining', 130, 6, 'price_concession', 'remaining'),
        ('concession_contract', 130, 5, 'price_concession', 'all'),
        ('billing_error', 8, 4, 'billing_error', null),
        ('cancelled_credited', null, 45, 'cancellation', null),
        ('cancel_fee', null, 10, 'cancellation', null),
        ('price_cut', null, null, 'billing_error', null),
        ('seats_down', null, null, 'billing_error', null),
        ('catch_up', null, null, 'billing_error', null),
        ('shortened', null, null, 'billing_error', null),
        ('bad_debt', 100, 100, 'bad_debt', null),
        ('paid_to_customer', 130, 3, 'paid_to_customer', null),
        ('credit_void', 60, 5, 'billing_error', null),
        ('refund_of_credit', 100, 8, 'price_concession', null),
        ('late_credit', null, 7, 'price_concession', null),
        ('returned', null, null, 'return', null)
    ) as t (story, days, share, reason, scope)
),

signed as (
    select contract_id, min(signed_date) as signed_date, min(amount_minor) as amount_minor
    from amendments
    group by contract_id
),

dated as (
    select
        invoices.*,
        said.* exclude (story),
        first_line.amount_minor as billed_minor,
        first_line.contract_line_id,
        first_line.invoice_line_id,
        signed.amount_minor as amended_minor,
        lines.amount_minor as line_minor,
        lines.quantity,
        cast(case
            when invoices.story = 'late_credit' then getvariable('first_close') - 9
            when invoices.story = 'cancelled_credited' then contracts.cancellation_signed_date + 6
            when invoices.story = 'returned' then invoices.issue_date + 20
            when said.days is null then signed.signed_date + 7
            else invoices.issue_date + said.days
        end as date) as credit_date
    from invoices
    inner join contracts on invoices.contract_id = contracts.contract_id
    inner join said on invoices.story = said.story
    inner join invoice_lines as first_line
        on invoices.invoice_id = first_line.invoice_id
        and first_line.contract_line_id = invoices.contract_id || '/1'
    inner join lines on first_line.contract_line_id = lines.contract_line_id
    left join signed on invoices.contract_id = signed.contract_id
    where invoices.is_first
),

valued as (
    select
        *,
        case
            when reason = 'return' then line_minor * 2 // quantity
            when story = 'billing_error' then billed_minor - billed_minor * 100 // 104
            when share is null then least(-amended_minor, billed_minor)
            else percent(billed_minor, share)
        end as amount_minor
    from dated
)

select
    replace(contract_id, 'K', 'G') || '-1' as credit_note_id,
    contract_id,
    invoice_id,
    invoice_line_id,
    case when story != 'concession_contract' then contract_line_id end as contract_line_id,
    customer_id,
    currency,
    exponent,
    credit_date as issue_date,
    reason,
    scope,
    amount_minor,
    percent(amount_minor, tax_percent) as tax_minor,
    story,
    case when story = 'credit_void' then cast(credit_date + 10 as date) end as void_date,
    n,
    greatest(wave, seen(credit_date), case story when 'late_credit' then 2 else 1 end) as wave
from valued
where seen(credit_date) <= 3 and amount_minor > 0;

create table payments as
with credited as (
    select invoice_id, story, issue_date, amount_minor + tax_minor as credit_minor
    from credits
),

paid as (
    select
        invoices.*,
        invoice_totals.total_minor,
        credited.credit_minor,
        -- who pays after the credit note takes it off
        invoice_totals.total_minor
            - case when credited.issue_date <= invoices.paid_date and credited.story != 'credit_void' then credited.credit_minor else 0 end
            as paid_minor
    from invoices
    inner join invoice_totals on invoices.invoice_id = invoice_totals.invoice_id
    left join credited on invoices.invoice_id = credited.invoice_id
),

moved as (
    select *, paid_date as payment_date, 'payment' as kind, paid_minor as amount_minor, 1 as number
    from paid
    where paid_date is not null and paid_minor > 0
    union all
    select *, cast(paid_date + 60 as date), 'refund', percent(total_minor, 10), 2
    from paid
    where is_first and story = 'refund'
    union all
    select *, cast(issue_date + 112 as date), 'refund', credit_minor, 2
    from paid
    where is_first and story = 'refund_of_credit'
    union all
    select *, cast(paid_date + 15 as date), 'dispute', percent(total_minor, 25), 2
    from paid
    where is_first and story in ('dispute_won', 'dispute_lost')
    union all
    select *, cast(paid_date + 50 as date), story, percent(total_minor, 25), 3
    from paid
    where is_first and story in ('dispute_won', 'dispute_lost')
    union all
    select *, written_off_date, 'write_off', total_minor, 2
    from paid
    where written_off_date is not null
)

select
    replace(invoice_id, 'R', 'P') || '-' || number as payment_id,
    invoice_id,
    contract_id,
    customer_id,
    entity_id,
    currency,
    exponent,
    cast(payment_date as date) as payment_date,
    kind,
    amount_minor,
    story,
    n,
    greatest(wave, seen(payment_date)) as wave
from moved
where seen(payment_date) <= 3;
