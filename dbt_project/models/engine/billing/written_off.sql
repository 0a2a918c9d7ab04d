-- Grain: write-off or bad-debt credit note line, or its void × contract.
-- Why: what is given up of a contract's receivables, with and without tax (accounting.md §6), in the order in which it
-- lowers billed: round_number is its place in its contract. through_minor: what is written off of the contract by then,
-- paid_minor: what was received for it, both without tax.

with written_off as (

    select
        event_id,
        event_type,
        substring(event_id, position(':' in event_id) + 1) as document_id,
        contract_id,
        event_date,
        part_minor as gross_minor,
        net_minor
    from {{ ref('payment_events') }}
    where event_type = 'write_off' and contract_id != '(not linked)'

    union all

    select
        event_id,
        document_type as event_type,
        document_id,
        contract_id,
        issue_date as event_date,
        -amount_minor - tax_minor as gross_minor,
        -amount_minor as net_minor
    from {{ ref('document_lines') }}
    where is_written_off

    union all

    select
        event_id,
        document_type || '_void' as event_type,
        document_id,
        contract_id,
        greatest(status_date, issue_date) as event_date,
        amount_minor + tax_minor as gross_minor,
        amount_minor as net_minor
    from {{ ref('document_lines') }}
    where is_written_off and status = 'void'

),

numbered as (

    select
        written_off.*,
        cast(row_number() over (
            partition by written_off.contract_id order by written_off.event_date, written_off.event_type, written_off.event_id
        ) as integer) as round_number
    from written_off
    cross join {{ source('run', 'context') }} as context
    where written_off.event_date <= context.cut_date

),

paid as (

    select numbered.contract_id, numbered.round_number, cast(sum(money.net_minor) as bigint) as paid_minor
    from numbered
    inner join {{ ref('money_received') }} as money
        on numbered.contract_id = money.contract_id and money.event_date <= numbered.event_date
    group by numbered.contract_id, numbered.round_number

)

select
    numbered.*,
    cast(sum(numbered.net_minor) over (
        partition by numbered.contract_id order by numbered.round_number
        rows between unbounded preceding and current row
    ) as bigint) as through_minor,
    coalesce(paid.paid_minor, 0) as paid_minor
from numbered
left join paid on numbered.contract_id = paid.contract_id and numbered.round_number = paid.round_number
