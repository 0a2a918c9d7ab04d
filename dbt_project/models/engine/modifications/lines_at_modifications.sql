-- Grain: accounting contract × modification_number × contract line that is there in that round.
-- Why: each line as a modification finds it, without its money: the terms from that round on, what the modification
-- does to it, and how far it was the day before (accounting.md §5).

{% set is_void -%}
(cancellations.contract_line_id is not null and modifications.kind = 'amendment'
        and case
            when touched.treatment = 'separate' then cancellations.effective_date < modifications.known_from
            else cancellations.cancellation_signed_date <= modifications.known_from
        end)
{%- endset %}

with lines as (

    select * from {{ ref('line_allocations') }}

),

modifications as (

    select * from {{ ref('modifications') }}

),

terms as (

    select * from {{ ref('amended_terms') }}

),

added as (

    select
        treatments.contract_line_id,
        terms.modification_number,
        max(treatments.treatment) as treatment,
        min(treatments.amendment_id) as amendment_id
    from {{ ref('treatments') }} as treatments
    inner join terms
        on treatments.contract_line_id = terms.contract_line_id and treatments.modification_number = terms.modification_number
    where treatments.action = 'add' and terms.is_added
    group by treatments.contract_line_id, terms.modification_number

),

touched as (

    select
        modification_number,
        contract_line_id,
        max(treatment) as treatment,
        max(case when is_stated_prospective then 1 else 0 end) = 1 as is_stated_prospective,
        max(case when is_longer_term then 1 else 0 end) = 1 as is_longer_term
    from {{ ref('treatments') }}
    group by modification_number, contract_line_id

),

present as (

    select
        modifications.accounting_contract_id,
        modifications.modification_number,
        modifications.kind,
        modifications.contract_id as modified_contract_id,
        modifications.first_id,
        -- a return credit finds the goods that came back through its own day (accounting.md §6)
        case
            when conceded.applies_to = 'return' and lines.recognition_method = 'point_in_time'
                then {{ add_days('modifications.effective_date', 1) }}
            else modifications.effective_date
        end as effective_date,
        modifications.known_from,
        lines.contract_id,
        lines.contract_line_id,
        -- what is signed before a cancellation and would count from it on counts for nothing
        -- and what is signed for a line without a fixed amount changes no price
        terms.modification_number is not null and not lines.is_unpriced and {{ is_void }} as is_void,
        terms.modification_number is not null and not lines.is_unpriced and not {{ is_void }} as is_touched,
        case when not lines.is_unpriced and not {{ is_void }} then touched.treatment end as treatment,
        coalesce(touched.is_stated_prospective, false) as is_stated_prospective,
        coalesce(touched.is_longer_term, false) as is_longer_term,
        coalesce(terms.amount_delta_minor, 0) as amount_delta_minor,
        coalesce(terms.is_added, false) and not lines.is_unpriced as is_added,
        coalesce(added.treatment = 'separate', false) as is_separate,
        case
            when added.treatment = 'separate' then 'separate:' || added.modification_number || ':' || lines.allocation_group
            else 'group:' || lines.allocation_group
        end as allocation_group,
        max(terms.modification_number) over (
            partition by lines.contract_line_id order by modifications.modification_number
            rows between unbounded preceding and current row
        ) as terms_given_by,
        cancellations.contract_line_id is not null
        and cancellations.cancellation_signed_date <= modifications.known_from as is_cancelled,
        cancellations.contract_line_id is not null
        and cancellations.contracted_date <= modifications.known_from as is_final,
        cancellations.contract_line_id is not null and modifications.kind = 'cancellation'
        and cancellations.effective_date = modifications.known_from
        and cancellations.first_day_without_service = modifications.effective_date
        and cancellations.cancellation_signed_date = modifications.signed_date
        and lines.recognition_method is distinct from 'as_invoiced' as is_cancelled_now,
        lines.line_place
    from modifications
    inner join lines on modifications.accounting_contract_id = lines.accounting_contract_id
    left join {{ ref('concessions') }} as conceded
        on modifications.kind = 'concession' and modifications.first_id = conceded.event_id
    left join added on lines.contract_line_id = added.contract_line_id
    left join terms as added_terms
        on added.contract_line_id = added_terms.contract_line_id and added.modification_number = added_terms.modification_number
    left join terms
        on lines.contract_line_id = terms.contract_line_id and modifications.modification_number = terms.modification_number
    left join touched
        on lines.contract_line_id = touched.contract_line_id and modifications.modification_number = touched.modification_number
    left join {{ ref('cancellations') }} as cancellations on lines.contract_line_id = cancellations.contract_line_id
    where lines.signed_date <= modifications.known_from
        and (
            lines.amendment_id is null or added.modification_number <= modifications.modification_number
            or modifications.kind = 'cancellation'
        )

),

progress_before as (

    select contract_line_id, modification_number, progress, is_used_up, delivered, kept
    from (
        select
            present.contract_line_id,
            present.modification_number,
            steps.progress,
            steps.is_used_up,
            steps.delivered,
            steps.kept,
            row_number() over (
                partition by present.contract_line_id, present.modification_number order by steps.progress_date desc
            ) as recency
        from present
        inner join {{ ref('line_progress') }} as steps
            on present.contract_line_id = steps.contract_line_id and steps.progress_date < present.effective_date
    ) as earlier
    where recency = 1

),

-- what is expected back by then; of one day amendments come before estimates, concessions after them
returns as (

    select contract_line_id, modification_number, stays, scale
    from (
        select
            present.contract_line_id,
            present.modification_number,
            versions.stays,
            versions.scale,
            row_number() over (
                partition by present.contract_line_id, present.modification_number order by versions.version_number desc
            ) as recency
        from present
        inner join {{ ref('returns_in_force') }} as versions
            on present.contract_line_id = versions.contract_line_id
            and (
                versions.counts_from < present.known_from
                or versions.counts_from = present.known_from and present.kind in ('estimate', 'concession', 'write_off')
            )
    ) as dated
    where recency = 1

),

final as (

    select
        present.accounting_contract_id,
        present.modification_number,
        present.kind,
        present.modified_contract_id,
        present.first_id,
        present.effective_date,
        present.known_from,
        present.contract_id,
        present.contract_line_id,
        present.line_place,
        present.is_touched,
        present.treatment,
        present.is_stated_prospective,
        present.is_longer_term,
        present.amount_delta_minor,
        present.is_added,
        present.is_separate,
        present.allocation_group,
        present.is_cancelled,
        present.is_final,
        present.is_void,
        present.is_cancelled_now,
        lines.exponent,
        lines.is_discount,
        lines.is_residual,
        lines.recognition_method,
        lines.recognition_convention,
        coalesce(prices.ssp_per, lines.ssp_per) as ssp_per,
        lines.ssp_minor as first_ssp_minor,
        lines.ssp_unit as first_ssp_unit,
        lines.ssp_per as first_ssp_per,
        lines.ssp_source,
        lines.amount_minor as first_amount_minor,
        lines.quantity_millionths as first_quantity_millionths,
        lines.start_date as first_start_date,
        lines.end_date as first_end_date,
        coalesce(prices.ssp_unit, lines.ssp_unit) as ssp_unit,
        case when prices.ssp_unit is not null then prices.rate_numerator else lines.rate_numerator end as rate_numerator,
        case when prices.ssp_unit is not null then prices.rate_denominator else lines.rate_denominator end
            as rate_denominator,
        coalesce(terms.quantity_millionths, lines.quantity_millionths) as quantity_millionths,
        coalesce(terms.amount_minor, lines.amount_minor) as amount_minor,
        present.terms_given_by,
        coalesce(terms.start_date, lines.start_date) as start_date,
        -- a term that is added apart is none of what the same modification shares
        case
            when present.treatment = 'separate' and not present.is_added then terms.end_before
            else coalesce(terms.end_date, lines.end_date)
        end as end_date,
        coalesce(terms.end_date, lines.end_date) as new_end_date,
        terms.end_before,
        -- nothing of a line is earned before the modification that adds it: all of its progress is still to count
        case
            when present.is_added then 0
            when lines.recognition_method = 'point_in_time' then {{ units_that_stay(
                'coalesce(progress_before.delivered, 0)', 'coalesce(progress_before.kept, 0)', 'coalesce(returns.stays, 1)',
                'coalesce(returns.scale, 1)'
            ) }}
            when lines.recognition_method = 'drawdown' and returns.stays > 0
                then {{ prorate('greatest(coalesce(progress_before.kept, 0), 0)', 'returns.scale', 'returns.stays') }}
            else coalesce(progress_before.progress, 0)
        end as progress_before,
        case when present.is_added then 0 else coalesce(progress_before.delivered, 0) end as delivered_before,
        coalesce(returns.stays, 1) as stays,
        lines.return_scale as scale,
        case when present.is_added then false else coalesce(progress_before.is_used_up, false) end as is_used_up_before,
        {{ whole_progress(
            'lines.recognition_method', 'coalesce(terms.quantity_millionths, lines.quantity_millionths)',
            'coalesce(terms.amount_minor, lines.amount_minor)', 'lines.return_scale'
        ) }} as whole
    from present
    inner join lines on present.contract_line_id = lines.contract_line_id
    left join terms
        on present.contract_line_id = terms.contract_line_id and present.terms_given_by = terms.modification_number
    left join {{ ref('prices_at_modifications') }} as prices
        on present.contract_line_id = prices.contract_line_id
        and present.modification_number = prices.modification_number
    left join progress_before
        on present.contract_line_id = progress_before.contract_line_id
        and present.modification_number = progress_before.modification_number
    left join returns
        on present.contract_line_id = returns.contract_line_id
        and present.modification_number = returns.modification_number

)

select * from final
