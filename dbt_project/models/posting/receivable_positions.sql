-- Grain: invoice × contract × open period, while something of it is open and the period in which nothing is any more;
-- '(not linked)' stands for what lowers a contract's receivable and names no invoice.
-- Why: receivables by invoice (accounting.md §7): the same events that make a contract's receivable, each with the invoice
-- that it is about. Minor units with tax. A contract that is held has no events; what was published of it is carried.

{% set measures = ['billed', 'credited', 'paid', 'written_off'] %}
{# what an adjustment bills, and what was billed and settled before a cut-over, names no invoice #}
{% set bills = "(events.event_id like 'invoice:%' or events.event_id like 'adjustment:%' or events.event_id like 'opening!_billing:%' escape '!')" %}
{% set keys = ['invoice_id', 'contract_id', 'customer_id', 'entity_id', 'currency'] %}

with credits as (

    select
        'credit_note:' || lines.credit_note_line_id as event_id,
        coalesce(notes.invoice_id, invoice_lines.invoice_id) as invoice_id
    from {{ ref('accepted__credit_note_lines') }} as lines
    inner join {{ ref('accepted__credit_notes') }} as notes on lines.credit_note_id = notes.credit_note_id
    left join {{ ref('accepted__invoice_lines') }} as invoice_lines on lines.invoice_line_id = invoice_lines.invoice_line_id

),

payments as (

    select payment_id, invoice_id from {{ ref('accepted__payments') }}

),

open_periods as (

    select period_index from {{ ref('periods') }} where is_open

),

moved as (

    select
        dimensions.contract_id,
        dimensions.customer_id,
        dimensions.entity_id,
        dimensions.currency,
        case
            when events.event_id like 'invoice:%' then events.document_id
            when events.event_id like 'credit!_note:%' escape '!' then credits.invoice_id
            else payments.invoice_id
        end as invoice_id,
        -- what closed periods moved stands before the first open one
        case when events.is_closed then 0 else events.period_index end as period_index,
        case
            when {{ bills }} then 'billed'
            when events.measure in ('paid', 'deposited') then 'paid'
            when events.measure = 'bad_debt' or events.event_type = 'write_off' then 'written_off'
            else 'credited'
        end as measure,
        case
            when {{ bills }} then events.amount_minor + events.tax_minor
            when events.measure in ('paid', 'bad_debt') then events.amount_minor + events.tax_minor
            else -events.amount_minor - events.tax_minor
        end as amount_minor
    from {{ ref('events') }} as events
    inner join {{ ref('dimension_sets') }} as dimensions on events.dimension_id = dimensions.dimension_id
    left join credits on events.event_id = credits.event_id
    left join payments
        on case
            when events.measure in ('paid', 'deposited') then substring(events.event_id, 9)
            when events.event_type in ('write_off', 'refund', 'dispute_lost') then events.document_id
        end = payments.payment_id
    where events.measure in ('billed', 'not_yet_counted', 'paid', 'deposited', 'bad_debt')

),

movements as (

    select
        coalesce(invoices.invoice_id, '(not linked)') as invoice_id,
        moved.contract_id,
        moved.customer_id,
        moved.entity_id,
        moved.currency,
        moved.period_index,
        {% for measure in measures -%}
        cast(sum(case when moved.measure = '{{ measure }}' then moved.amount_minor else 0 end) as bigint)
            as {{ measure }}_minor{{ ',' if not loop.last }}
        {% endfor %}
    from moved
    left join {{ ref('accepted__invoices') }} as invoices on moved.invoice_id = invoices.invoice_id
    group by 1, 2, 3, 4, 5, 6

),

spans as (

    select
        {{ keys | join(', ') }},
        min(period_index) as first_index,
        case when sum(billed_minor) != sum(credited_minor + paid_minor + written_off_minor) then 2147483647 else max(period_index) end
            as last_index
    from movements
    group by {{ keys | join(', ') }}

),

filled as (

    select spans.*, open_periods.period_index
    from spans
    inner join open_periods on open_periods.period_index between spans.first_index and spans.last_index

),

-- months in which nothing moves are there with 0
dense as (

    select
        {{ keys | join(', ') }}, period_index,
        {% for measure in measures -%}
        cast(sum({{ measure }}_minor) as bigint) as {{ measure }}_minor{{ ',' if not loop.last }}
        {% endfor %}
    from (
        select * from movements
        union all
        select
            {{ keys | join(', ') }},
            period_index,
            {% for measure in measures -%}
            0 as {{ measure }}_minor{{ ',' if not loop.last }}
            {% endfor %}
        from filled
    ) as all_rows
    group by {{ keys | join(', ') }}, period_index

),

cumulated as (

    select
        {{ keys | join(', ') }}, period_index,
        {% for measure in measures -%}
        cast(sum({{ measure }}_minor) over (
            partition by {{ keys | join(', ') }} order by period_index rows between unbounded preceding and current row
        ) as bigint) as {{ measure }}_minor{{ ',' if not loop.last }}
        {% endfor %}
    from dense

),

compared as (

    select
        cumulated.*,
        billed_minor - credited_minor - paid_minor - written_off_minor as open_minor,
        lag(billed_minor - credited_minor - paid_minor - written_off_minor, 1, 0) over (
            partition by {{ keys | join(', ') }} order by period_index
        ) as open_before_minor
    from cumulated

),

carried as (

    select
        published.invoice_id,
        published.contract_id,
        published.customer_id,
        published.entity_id,
        published.currency,
        open_periods.period_index,
        {% for measure in measures -%}
        {{ to_minor('published.' ~ measure, 'currencies.exponent') }} as {{ measure }}_minor,
        {% endfor -%}
        {{ to_minor('published.open', 'currencies.exponent') }} as open_minor
    from {{ source('frozen', 'fct_receivables') }} as published
    inner join {{ ref('accepted__contracts_out') }} as out
        on published.contract_id = out.contract_id and out.fate = 'held'
    inner join {{ ref('exchange__currencies') }} as currencies on published.currency = currencies.currency
    cross join open_periods
    where published.open != 0

)

select
    compared.invoice_id,
    compared.contract_id,
    compared.customer_id,
    compared.entity_id,
    compared.currency,
    compared.period_index,
    {% for measure in measures -%}
    compared.{{ measure }}_minor,
    {% endfor -%}
    compared.open_minor
from compared
inner join open_periods on compared.period_index = open_periods.period_index
where compared.open_minor != 0 or compared.open_before_minor != 0
union all
select * from carried
