-- Grain: accepted contract line.
-- Why: its part of the transaction price on the terms as first signed, by relative SSP (accounting.md §3.2).
-- Cumulative rounding in line order, so that the parts of a pool always add up to it. A line that an amendment adds
-- has no part in it: 0 until its amendment counts (engine/modifications).

{% set kept = [
    'source_row', 'contract_line_id', 'contract_id', 'amendment_id', 'accounting_contract_id', 'line_number', 'line_place',
    'product_id', 'currency', 'exponent', 'signed_date', 'allocation_group', 'amount_minor', 'price_minor', 'priced_on', 'counts_from',
    'start_date', 'end_date',
    'contract_end_date', 'promised_date', 'recognition_method', 'recognition_convention', 'is_discount',
    'is_unpriced', 'is_residual', 'quantity_millionths', 'return_scale', 'ssp_unit', 'ssp_per', 'ssp_currency',
    'rate_numerator', 'rate_denominator', 'ssp_source', 'earned_until',
] %}

with terms as (

    -- line order: as numbered, added lines last (accounting.md §1)
    select
        contract_line_terms.*,
        coalesce(returns.scale, 1) as return_scale,
        -- a line that an amendment adds counts once it is signed and takes effect
        greatest(contract_line_terms.signed_date, contract_line_terms.priced_on) as counts_from,
        -- the last day on which anything is earned, null: it goes on
        uncollectible.earned_until,
        cast(row_number() over (
            partition by contract_line_terms.accounting_contract_id
            order by
                case when contract_line_terms.amendment_id is null then 0 else 1 end,
                case when contract_line_terms.amendment_id is not null then contract_line_terms.priced_on end,
                contract_line_terms.amendment_id, contract_line_terms.line_number, contract_line_terms.contract_line_id
        ) as integer) as line_place
    from {{ ref('contract_line_terms') }} as contract_line_terms
    inner join {{ ref('accepted__contract_lines') }} as accepted
        on contract_line_terms.source_row = accepted.source_row
    inner join {{ ref('accepted__contracts') }} as contracts on contract_line_terms.contract_id = contracts.contract_id
    left join {{ ref('uncollectible_customers') }} as uncollectible on contracts.customer_id = uncollectible.customer_id
    left join {{ ref('expected_returns') }} as returns
        on contract_line_terms.contract_line_id = returns.contract_line_id and returns.version_number = 1

),

signed_terms as (

    select * from terms where amendment_id is null

),

groups as (

    {{ allocation_groups('signed_terms') }}

),

weighed as (

    select
        terms.*,
        groups.pool_minor,
        case when terms.is_residual then groups.residual_ssp_minor else terms.ssp_minor end as line_ssp_minor,
        case
            when terms.is_unpriced then 0
            when groups.other_ssp_minor + case when groups.residual_lines > 0 then groups.residual_ssp_minor else 0 end != 0
                then case when terms.is_residual then groups.residual_ssp_minor else terms.ssp_minor end
            when terms.is_discount then 0
            else terms.amount_minor
        end as basis_minor
    from signed_terms as terms
    inner join groups
        on terms.accounting_contract_id = groups.accounting_contract_id
        and terms.allocation_group = groups.allocation_group

),

cumulated as (

    select
        weighed.*,
        cast(sum(basis_minor) over (
            partition by accounting_contract_id, allocation_group
            order by line_place
            rows between unbounded preceding and current row
        ) as bigint) as basis_through_line,
        cast(sum(basis_minor) over (partition by accounting_contract_id, allocation_group) as bigint) as basis_of_group
    from weighed

),

allocated as (

    select
        {{ kept | join(', ') }},
        cast(line_ssp_minor as bigint) as ssp_minor,
        case
            when basis_of_group = 0 then cast(0 as bigint)
            else {{ part_of_price('pool_minor', 'basis_minor', 'basis_through_line', 'basis_of_group') }}
        end as allocated_minor,
        cast(basis_minor as bigint) as basis_minor
    from cumulated

    union all

    select
        {{ kept | join(', ') }},
        cast(ssp_minor as bigint) as ssp_minor,
        cast(0 as bigint) as allocated_minor,
        cast(0 as bigint) as basis_minor
    from terms
    where amendment_id is not null

)

select * from allocated
