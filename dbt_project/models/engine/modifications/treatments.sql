-- Grain: amendment row (amendment_id × contract_line_id), no cancellation.
-- Why: which treatment it gets and the rule that decides (accounting.md §5 auto). The rows of one modification are
-- judged together: separate only where every one of them adds distinct goods or a longer term within the tolerance of
-- a real stand-alone selling price, and no other row changes that line.

with lines as (

    select * from {{ ref('line_allocations') }}

),

rows_at_modifications as (

    select
        amendment.*,
        lines.recognition_method,
        lines.recognition_convention,
        lines.exponent,
        lines.is_discount,
        lines.is_unpriced,
        lines.ssp_source,
        prices.ssp_per,
        lines.ssp_minor,
        lines.start_date as first_start_date,
        lines.end_date as first_end_date,
        terms.quantity_millionths,
        prices.ssp_unit as ssp_unit_now,
        prices.rate_numerator,
        prices.rate_denominator,
        terms.signed_end_before as end_before,
        count(*) over (
            partition by amendment.accounting_contract_id, amendment.modification_number, amendment.contract_line_id
        ) as rows_of_line,
        coalesce(
            amendment.new_end_date > terms.signed_end_before and lines.recognition_method = 'ratable'
            and coalesce(amendment.quantity_delta_millionths, 0) = 0 and amendment.new_start_date is null
            and amendment.action in ('change', 'extend'),
            false
        ) as is_longer_term
    from {{ ref('amendments_in_order') }} as amendment
    inner join lines on amendment.contract_line_id = lines.contract_line_id
    inner join {{ ref('amended_terms') }} as terms
        on amendment.contract_line_id = terms.contract_line_id
        and amendment.modification_number = terms.modification_number
    inner join {{ ref('prices_at_modifications') }} as prices
        on amendment.contract_line_id = prices.contract_line_id
        and amendment.modification_number = prices.modification_number

),

terms_to_weigh as (

    select
        amendment_id,
        contract_line_id,
        'added' as term,
        greatest({{ add_days('end_before', 1) }}, effective_date) as service_start,
        new_end_date as service_end,
        case when ssp_per = 'month' then 'monthly' else recognition_convention end as convention
    from rows_at_modifications
    where is_longer_term

    union all

    select amendment_id, contract_line_id, 'first' as term, first_start_date as service_start, first_end_date as service_end,
        recognition_convention as convention
    from rows_at_modifications
    where is_longer_term

),

weighed as (

    select amendment_id, contract_line_id, term, total_weight, weight_unit
    from ( {{ ratable_shape('terms_to_weigh') }} ) as shaped

),

scaled as (

    select
        rows_at_modifications.*,
        case
            when rows_at_modifications.ssp_per = 'month' then added.total_weight
            else added.total_weight * first_term.weight_unit
        end as months_numerator,
        case
            when rows_at_modifications.ssp_per = 'month' then added.weight_unit
            else added.weight_unit * first_term.total_weight
        end as months_denominator
    from rows_at_modifications
    left join weighed as added
        on rows_at_modifications.amendment_id = added.amendment_id
        and rows_at_modifications.contract_line_id = added.contract_line_id
        and added.term = 'added'
    left join weighed as first_term
        on rows_at_modifications.amendment_id = first_term.amendment_id
        and rows_at_modifications.contract_line_id = first_term.contract_line_id
        and first_term.term = 'first'

),

priced as (

    -- a stated or residual price is none that the tolerance can be held against
    select
        scaled.*,
        case
            when is_discount or ssp_source in ('residual', 'discount') then null
            when action = 'add' then case when ssp_source != 'stated' then ssp_minor end
            when is_longer_term and ssp_unit_now is not null and quantity_millionths is not null
                then {{ times_quantity('ssp_unit_now') }}
        end as fair_minor
    from scaled

),

judged as (

    select
        priced.*,
        -- what is added without a fixed amount has no price to be wrong
        rows_of_line = 1 and coalesce(
            action = 'add' and is_unpriced or fair_minor != 0
            and cast(abs(amount_delta_minor - fair_minor) as {{ wide_integer() }}) * 100000
            <= cast(abs(fair_minor) as {{ wide_integer() }}) * cast(context.policy_ssp_tolerance_percent * 1000 as bigint),
            false
        ) as is_at_fair_price
    from priced
    cross join {{ source('run', 'context') }} as context

),

decided as (

    select
        accounting_contract_id,
        modification_number,
        min(case when is_at_fair_price then 1 else 0 end) = 1 as is_separate,
        max(case when recognition_method = 'percent_complete' then 1 else 0 end) = 1 as is_on_progress
    from judged
    where treatment = 'auto'
    group by accounting_contract_id, modification_number

),

final as (

    select
        judged.accounting_contract_id,
        judged.modification_number,
        judged.amendment_id,
        judged.contract_line_id,
        judged.amount_delta_minor,
        judged.action,
        judged.is_longer_term,
        judged.treatment = 'prospective' as is_stated_prospective,
        case
            when judged.treatment != 'auto' then judged.treatment
            when decided.is_separate then 'separate'
            when decided.is_on_progress then 'cumulative_catch_up'
            else 'prospective'
        end as treatment,
        case
            when judged.treatment != 'auto' then 'stated'
            when decided.is_separate then 'distinct, at its stand-alone selling price'
            when decided.is_on_progress then 'touches a line over progress'
            else 'not distinct, or not at its stand-alone selling price'
        end as treatment_rule
    from judged
    left join decided
        on judged.accounting_contract_id = decided.accounting_contract_id
        and judged.modification_number = decided.modification_number

)

select * from final
