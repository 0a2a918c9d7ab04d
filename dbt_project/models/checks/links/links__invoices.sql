-- Grain: invoice.
-- Why: its lines as one: contract_id where they have exactly one contract, the first and their number else; and
-- invoice_total, what is to be paid: the total it states, else its lines with their tax.
{{ config(materialized='table') }}

with by_line as (

    select
        invoice_id,
        min(contract_id) as first_contract_id,
        cast(count(distinct contract_id) as integer) as contracts
    from {{ ref('links__invoice_lines') }}
    group by invoice_id

),

totals as (

    select
        invoice_id,
        cast(sum(amount) as decimal(38, 3)) as lines_total,
        cast(sum(tax_amount) as decimal(38, 3)) as lines_tax
    from {{ ref('exchange__invoice_lines') }}
    group by invoice_id

),

final as (

    select
        invoices.record_key,
        invoices.invoice_id,
        coalesce(by_line.first_contract_id, named.contract_id) as first_contract_id,
        case
            when by_line.contracts = 1 then by_line.first_contract_id
            when coalesce(by_line.contracts, 0) = 0 then named.contract_id
        end as contract_id,
        coalesce(invoices.entity_id, first_contract.entity_id, named.entity_id, defaults.entity_id) as entity_id,
        coalesce(
            invoices.total_amount, totals.lines_total + coalesce(totals.lines_tax, invoices.tax_amount, 0)
        ) as invoice_total
    from {{ ref('exchange__invoices') }} as invoices
    left join by_line on invoices.invoice_id = by_line.invoice_id
    left join totals on invoices.invoice_id = totals.invoice_id
    left join {{ ref('links__contracts') }} as first_contract on by_line.first_contract_id = first_contract.contract_id
    left join {{ ref('links__contracts') }} as named on invoices.contract_id = named.contract_id
    cross join {{ ref('links__only_entity') }} as defaults

)

select * from final
