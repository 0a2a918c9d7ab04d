-- Grain: contracts record.
-- Why: every fact its rules ask for (expectations/suites/contracts.yml).

with line_totals as (

    select
        contract_id,
        count(*) as line_count,
        count(parse_errors) > 0 as has_unparseable_lines,
        cast(sum(case when amendment_id is null then amount end) as decimal(38, 3)) as lines_total,
        cast(sum(amount) as decimal(38, 3)) as contracted_total
    from {{ ref('exchange__contract_lines') }}
    group by contract_id

),

-- what changes of its lines add and take off
amended_totals as (

    select amendments.contract_id, cast(sum(amendments.amount_delta) as decimal(38, 3)) as amended_total
    from {{ ref('exchange__amendments') }} as amendments
    cross join {{ source('run', 'context') }} as context
    where amendments.action in ('change', 'extend') and amendments.signed_date <= context.cut_date
    group by amendments.contract_id

),

billed_totals as (

    -- net of what was credited
    select contract_id, cast(sum(amount) as decimal(38, 3)) as billed_total
    from (
        select links.contract_id, lines.amount
        from {{ ref('links__invoice_lines') }} as links
        inner join {{ ref('exchange__invoice_lines') }} as lines on links.record_key = lines.record_key
        inner join {{ ref('exchange__invoices') }} as invoices on links.invoice_id = invoices.invoice_id
        cross join {{ source('run', 'context') }} as context
        where invoices.status not in ('draft', 'void') and invoices.issue_date <= context.cut_date

        union all

        select links.contract_id, -lines.amount as amount
        from {{ ref('links__credit_note_lines') }} as links
        inner join {{ ref('exchange__credit_note_lines') }} as lines on links.record_key = lines.record_key
        inner join {{ ref('exchange__credit_notes') }} as credit_notes
            on links.credit_note_id = credit_notes.credit_note_id
        cross join {{ source('run', 'context') }} as context
        where coalesce(credit_notes.status, 'open') not in ('draft', 'void')
            and credit_notes.issue_date <= context.cut_date
    ) as documents
    group by contract_id

),

opportunities as (

    select opportunity_id, count(*) as opportunity_contracts
    from {{ ref('exchange__contracts') }} as records
    where opportunity_id is not null and status not in ('draft', 'proposal')
    group by opportunity_id

),

-- a line cancelled by an amendment on another day than its contract's header says
other_cancellations as (

    select records.contract_id, min(amendments.effective_date) as amendment_cancelled_date
    from {{ ref('exchange__contracts') }} as records
    inner join {{ ref('exchange__amendments') }} as amendments on records.contract_id = amendments.contract_id
    cross join {{ source('run', 'context') }} as context
    where amendments.action = 'cancel'
        and amendments.effective_date != records.cancelled_date
        and amendments.signed_date <= context.as_of
    group by records.contract_id

),

combined as (

    select accounting_contract_id, count(distinct currency) as combined_currencies
    from {{ ref('links__contracts') }}
    group by accounting_contract_id

),

final as (

    select
        {{ exchange_columns('contracts') }},
        coalesce(records.total_amount, line_totals.lines_total) as held_amount,
        records.currency as held_currency,
        customers.customer_id is not null or records.customer_id = '(unknown)' as is_known_customer,
        currencies.currency is not null as is_known_currency,
        records.entity_id is null or records.entity_id = context.default_entity_id and not entity_of_all.has_entities
            or entities.entity_id is not null as is_known_entity,
        links.entity_id is not null as has_entity,
        renewed.contract_id is not null as is_known_renewal,
        coalesce(line_totals.line_count, 0) as line_count,
        coalesce(line_totals.has_unparseable_lines, false) as has_unparseable_lines,
        line_totals.lines_total,
        line_totals.contracted_total + coalesce(amended_totals.amended_total, 0) as contracted_total,
        coalesce(billed_totals.billed_total, 0) as billed_total,
        coalesce(opportunities.opportunity_contracts, 0) as opportunity_contracts,
        other_cancellations.amendment_cancelled_date,
        coalesce(combined.combined_currencies, 1) as combined_currencies,
        context.policy_control_total_tolerance as control_total_tolerance,
        rates.missing_rate,
        closing_rates.missing_rate as missing_closing_rate,
        context.cut_date,
        context.as_of,
        {{ common_checks('contracts', 'currencies.exponent') }}
    from {{ ref('exchange__contracts') }} as records
    cross join {{ source('run', 'context') }} as context
    left join {{ ref('exchange__customers') }} as customers on records.customer_id = customers.customer_id
    left join {{ ref('exchange__currencies') }} as currencies on records.currency = currencies.currency
    left join {{ ref('exchange__entities') }} as entities on records.entity_id = entities.entity_id
    left join {{ ref('links__contracts') }} as links on records.contract_id = links.contract_id
    left join {{ ref('exchange__contracts') }} as renewed on records.renewal_of = renewed.contract_id
    left join line_totals on records.contract_id = line_totals.contract_id
    left join amended_totals on records.contract_id = amended_totals.contract_id
    left join billed_totals on records.contract_id = billed_totals.contract_id
    left join opportunities on records.opportunity_id = opportunities.opportunity_id
    left join other_cancellations on records.contract_id = other_cancellations.contract_id
    left join combined on links.accounting_contract_id = combined.accounting_contract_id
    left join {{ ref('links__entity_currencies') }} as entity_currencies on links.entity_id = entity_currencies.entity_id
    left join {{ ref('links__rates') }} as rates
        on records.currency = rates.currency
        and entity_currencies.functional_currency = rates.functional_currency
        and records.signed_date = rates.used_date
    left join {{ ref('links__rates') }} as closing_rates
        on records.currency = closing_rates.currency
        and entity_currencies.functional_currency = closing_rates.functional_currency
        and context.cut_date = closing_rates.used_date
    cross join {{ ref('links__only_entity') }} as entity_of_all

)

select * from final
