-- Grain: amendments record.
-- Why: every fact its rules ask for (expectations/suites/amendments.yml).

with amendments as (

    select * from {{ ref('exchange__amendments') }}

),

contracts as (

    select * from {{ ref('exchange__contracts') }}

),

context as (

    select * from {{ source('run', 'context') }}

),

cancels as (

    select contract_line_id, count(*) as cancels
    from amendments
    where action = 'cancel'
    group by contract_line_id

),

-- the row beside its line: not before its contract, counted from the later of both dates on (accounting.md §5)
described as (

    select
        amendments.record_key,
        amendments.amendment_id,
        amendments.contract_id,
        amendments.contract_line_id,
        amendments.action,
        coalesce(amendments.treatment, 'auto') as treatment,
        sum(case when amendments.action != 'cancel' then 1 else 0 end) over (
            partition by amendments.contract_id, amendments.contract_line_id, amendments.effective_date,
                greatest(amendments.signed_date, contracts.signed_date)
        ) as rows_of_line,
        amendments.effective_date,
        greatest(amendments.signed_date, contracts.signed_date) as signed_date,
        greatest(amendments.effective_date, amendments.signed_date, contracts.signed_date) as known_from,
        amendments.amount_delta,
        amendments.quantity_delta,
        amendments.new_start_date,
        amendments.new_end_date,
        amendments.ssp_unit,
        terms.recognition_method as method,
        terms.accounting_contract_id,
        terms.allocation_group,
        terms.is_unpriced,
        terms.amendment_id as line_amendment_id,
        terms.quantity_millionths,
        terms.amount_minor,
        terms.price_minor,
        terms.ssp_minor,
        terms.ssp_source,
        terms.start_date as line_start_date,
        terms.end_date as line_end_date,
        currencies.exponent
    from amendments
    inner join contracts on amendments.contract_id = contracts.contract_id
    left join {{ ref('contract_line_terms') }} as terms on amendments.contract_line_id = terms.contract_line_id
    left join {{ ref('exchange__currencies') }} as currencies on contracts.currency = currencies.currency

),

cancel_signatures as (

    select
        contract_line_id,
        min(signed_date) as cancel_signed_date,
        min(effective_date) as cancelled_from
    from described
    where action = 'cancel'
    group by contract_line_id

),

additions as (

    select contract_line_id, min(signed_date) as signed_date, min(known_from) as known_from
    from described
    where action = 'add'
    group by contract_line_id

),

-- rows of a contract with the same dates are one modification, whose rows without a treatment are judged together
modifications as (

    select
        contract_id,
        effective_date,
        signed_date,
        max(case when treatment = 'auto' and method = 'percent_complete' then 1 else 0 end) = 1 as is_on_progress,
        -- lines that are added at their price, and nothing else, stand alone for certain; a longer term may
        max(case when treatment = 'auto' and action != 'add' then 1 else 0 end) = 0 as is_addition_alone,
        min(case
            when treatment != 'auto' then 1
            when rows_of_line > 1 then 0
            when action = 'add' and is_unpriced then 1
            when action = 'add' and ssp_source in ('line', 'price_list', 'product') and ssp_minor != 0
                and abs(cast(price_minor as {{ wide_integer() }}) - ssp_minor) * 100000
                <= abs(cast(ssp_minor as {{ wide_integer() }})) * cast(context.policy_ssp_tolerance_percent * 1000 as bigint)
                then 1
            when action in ('change', 'extend') and new_end_date > line_end_date and method = 'ratable' then 1
            else 0
        end) = 1 as may_be_separate
    from described
    cross join context
    where action != 'cancel'
    group by contract_id, effective_date, signed_date

),

judged as (

    select
        described.*,
        case
            when described.treatment != 'auto' then described.treatment
            when modifications.may_be_separate and modifications.is_addition_alone then 'separate'
            when modifications.may_be_separate then 'auto'
            when modifications.is_on_progress then 'cumulative_catch_up'
            else 'prospective'
        end as likely_treatment,
        case when modifications.is_on_progress then 'cumulative_catch_up' else 'prospective' end as treatment_together
    from described
    inner join modifications
        on described.contract_id = modifications.contract_id
        and described.effective_date = modifications.effective_date
        and described.signed_date = modifications.signed_date
    where described.action != 'cancel'

),

-- a line that was added apart is in no group of the others
added_apart as (

    select distinct contract_line_id, 'separate:' || line_amendment_id || '/' as apart
    from judged
    where action = 'add' and likely_treatment = 'separate'

),

treated as (

    select
        judged.*,
        coalesce(added_apart.apart, '') || judged.allocation_group as pool_group
    from judged
    left join added_apart on judged.contract_line_id = added_apart.contract_line_id

),

-- groups of which a part is earned by usage
used_groups as (

    select distinct
        terms.accounting_contract_id,
        coalesce(added_apart.apart, '') || terms.allocation_group as pool_group
    from {{ ref('contract_line_terms') }} as terms
    left join added_apart on terms.contract_line_id = added_apart.contract_line_id
    where terms.recognition_method = 'usage' and not terms.is_unpriced

),

group_treatments as (

    select
        contract_id,
        effective_date,
        signed_date,
        pool_group,
        count(distinct case when likely_treatment = 'auto' then treatment_together else likely_treatment end) as treatments
    from treated
    where likely_treatment != 'separate' and not is_unpriced
    group by contract_id, effective_date, signed_date, pool_group

),

given_twice as (

    select contract_id, contract_line_id, effective_date, signed_date
    from described
    where action != 'cancel'
    group by contract_id, contract_line_id, effective_date, signed_date
    having count(distinct new_start_date) > 1 or count(distinct new_end_date) > 1 or count(distinct ssp_unit) > 1
        or count(*) > 1 and max(new_start_date) > max(new_end_date)

),

-- lines that a pool or a tolerance asks for their price on the day, where that may be in another currency
prices_to_ask as (

    select
        treated.record_key,
        terms.contract_line_id,
        terms.product_id,
        terms.currency,
        treated.effective_date as priced_on,
        terms.ssp_source,
        terms.ssp_unit,
        terms.ssp_per,
        terms.ssp_currency,
        max(given.ssp_unit) as given_ssp_unit
    from treated
    inner join {{ ref('contract_line_terms') }} as terms
        on treated.accounting_contract_id = terms.accounting_contract_id
        and treated.allocation_group = terms.allocation_group
    left join described as given
        on terms.contract_line_id = given.contract_line_id
        and given.known_from <= treated.known_from
        and given.ssp_unit is not null
    where treated.likely_treatment in ('prospective', 'auto')
        and not terms.is_discount and not terms.is_unpriced and not terms.is_residual and terms.quantity_millionths is not null
        and (
            terms.ssp_currency != terms.currency
            or exists (
                select 1 from {{ ref('exchange__ssp_prices') }} as prices
                where prices.product_id = terms.product_id and prices.currency != terms.currency
            )
        )
    group by treated.record_key, terms.contract_line_id, terms.product_id, terms.currency, treated.effective_date,
        terms.ssp_source, terms.ssp_unit, terms.ssp_per, terms.ssp_currency

),

unrated as (

    select record_key, min(ssp_currency) as unrated_currency
    from ( {{ prices_on('prices_to_ask', ['record_key', 'contract_line_id']) }} ) as asked_prices
    where ssp_unit != 0 and rate_numerator is null
    group by record_key

),

-- the day on which a line starts as the amendments known before say
starts_counted as (

    select
        record_key,
        contract_line_id,
        new_start_date,
        line_start_date,
        case when action != 'suspend' then new_start_date end as given_start_date,
        count(case when action != 'suspend' then new_start_date end) over (
            partition by contract_line_id order by known_from, effective_date, signed_date
        ) as starts_given,
        count(case when action != 'suspend' then new_start_date end) over (
            partition by contract_line_id, known_from, effective_date, signed_date
        ) as starts_given_together
    from treated

),

given_starts as (

    select contract_line_id, starts_given, max(given_start_date) as start_date
    from starts_counted
    where given_start_date is not null
    group by contract_line_id, starts_given

),

started as (

    select
        counted.record_key,
        coalesce(counted.new_start_date, earlier.start_date, counted.line_start_date) as service_start
    from starts_counted as counted
    left join given_starts as earlier
        on counted.contract_line_id = earlier.contract_line_id
        and counted.starts_given - counted.starts_given_together = earlier.starts_given

),

facts_of_rows as (

    select
        treated.record_key,
        treated.method,
        treated.allocation_group,
        treated.likely_treatment != 'separate' and not treated.is_unpriced
        and coalesce(group_treatments.treatments, 1) > 1 as is_treated_twice,
        used_groups.accounting_contract_id is not null as is_of_used_group,
        treated.is_unpriced and treated.action != 'add' and coalesce(treated.amount_delta, 0) != 0 as is_of_no_amount,
        treated.action in ('change', 'extend', 'suspend')
        and (
            treated.signed_date > cancel_signatures.cancel_signed_date
            or treated.signed_date = cancel_signatures.cancel_signed_date
            and treated.effective_date >= cancel_signatures.cancelled_from
        ) as is_after_cancel_row,
        treated.action != 'add' and treated.line_amendment_id is not null
        and (treated.signed_date < additions.signed_date or treated.known_from < additions.known_from) as is_before_addition,
        given_twice.contract_line_id is not null as is_given_twice,
        treated.quantity_millionths,
        started.service_start,
        case when treated.method = 'milestone' and treated.action != 'add'
            then {{ to_amount('treated.amount_minor', 'treated.exponent') }} + cast(sum(
                case when treated.action = 'add' then 0 else coalesce(treated.amount_delta, 0) end
            ) over (
                partition by treated.contract_line_id
                order by treated.known_from, treated.effective_date, treated.signed_date, treated.amendment_id
                rows between unbounded preceding and current row
            ) as decimal(18, 3))
        end as milestones_of
    from treated
    inner join started on treated.record_key = started.record_key
    left join group_treatments
        on treated.contract_id = group_treatments.contract_id
        and treated.effective_date = group_treatments.effective_date
        and treated.signed_date = group_treatments.signed_date
        and treated.pool_group = group_treatments.pool_group
    left join used_groups
        on treated.accounting_contract_id = used_groups.accounting_contract_id
        and treated.pool_group = used_groups.pool_group
        and not treated.is_unpriced
    left join given_twice
        on treated.contract_line_id = given_twice.contract_line_id
        and treated.contract_id = given_twice.contract_id
        and treated.effective_date = given_twice.effective_date
        and treated.signed_date = given_twice.signed_date
    left join cancel_signatures on treated.contract_line_id = cancel_signatures.contract_line_id
    left join additions on treated.contract_line_id = additions.contract_line_id

),

-- what else is signed for the line by now: the day it is cancelled from, and the latest end it was given
signed_changes as (

    select
        amendments.contract_line_id,
        min(case when amendments.action = 'cancel' then amendments.effective_date end) as cancelled_date,
        max(amendments.new_end_date) as new_end_date,
        cast(sum(case
            when amendments.action = 'suspend' and amendments.new_end_date is null
                and amendments.new_start_date > greatest(amendments.effective_date, described.line_start_date)
                then {{ days_between('greatest(amendments.effective_date, described.line_start_date)', 'amendments.new_start_date') }}
            else 0
        end) as integer) as suspended_days
    from amendments
    inner join described on amendments.record_key = described.record_key
    cross join context
    where amendments.signed_date <= context.as_of
    group by amendments.contract_line_id

),

cancelled_contracts as (

    select
        contracts.contract_id,
        contracts.cancelled_date,
        greatest(coalesce(contracts.cancellation_signed_date, contracts.cancelled_date), contracts.signed_date) as signed_date
    from contracts
    cross join context
    where coalesce(contracts.cancellation_signed_date, contracts.cancelled_date) <= context.as_of

),

-- what is signed since the last close, against what is published: the gate stands before the engine
published as (

    select
        contract_line_id,
        cast(sum(case when measure = 'contracted' then amount_minor else 0 end) as bigint) as contracted_minor,
        cast(sum(case when measure = 'recognized' then amount_minor else 0 end) as bigint) as recognized_minor
    from {{ source('frozen', 'position_totals') }} as frozen
    group by contract_line_id

),

new_amendments as (

    select amendments.*
    from amendments
    cross join context
    left join {{ source('frozen', 'known_records') }} as known
        on known.entity = 'amendments'
        and amendments.record_key = known.record_key
    where known.record_key is null and amendments.signed_date <= context.as_of

),

new_amounts as (

    select contract_line_id, cast(sum(amount_delta) as decimal(38, 3)) as amount_delta
    from new_amendments
    group by contract_line_id

),

final as (

    select
        {{ exchange_columns('amendments') }},
        records.amount_delta as held_amount,
        contracts.currency as held_currency,
        contracts.contract_id is not null as is_known_contract,
        lines.contract_line_id is not null as is_known_line,
        lines.contract_id as line_contract_id,
        lines.amendment_id as line_amendment_id,
        lines.amount as line_amount,
        coalesce(lines.amendment_id = records.amendment_id, false) as is_added_line,
        {{ add_days(
            'greatest(coalesce(lines.end_date, contracts.end_date), signed_changes.new_end_date)',
            'coalesce(signed_changes.suspended_days, 0)'
        ) }} as term_end_date,
        least(signed_changes.cancelled_date, cancelled_contracts.cancelled_date) as cancelled_from,
        coalesce(
            facts_of_rows.is_after_cancel_row
            or cancels.contract_line_id is null and records.action in ('change', 'extend', 'suspend')
            and (
                greatest(records.signed_date, contracts.signed_date) > cancelled_contracts.signed_date
                or greatest(records.signed_date, contracts.signed_date) = cancelled_contracts.signed_date
                and records.effective_date >= cancelled_contracts.cancelled_date
            ), false
        ) as is_after_cancellation,
        facts_of_rows.method,
        case when facts_of_rows.is_of_used_group then 'an amendment of a price that usage shares' end as unsupported,
        coalesce(facts_of_rows.is_of_no_amount, false) as is_of_no_amount,
        coalesce(facts_of_rows.is_given_twice, false) as is_given_twice,
        coalesce(facts_of_rows.is_treated_twice, false) as is_treated_twice,
        coalesce(facts_of_rows.is_before_addition, false) as is_before_addition,
        coalesce(facts_of_rows.quantity_millionths is not null, false) as has_quantity,
        facts_of_rows.service_start,
        facts_of_rows.milestones_of,
        unrated.unrated_currency,
        currencies.exponent as currency_exponent,
        coalesce(cancels.cancels, 0) as cancels,
        case when new_amendments.record_key is not null and new_amounts.amount_delta is not null
            then {{ to_amount('published.contracted_minor', 'currencies.exponent') }} + new_amounts.amount_delta
        end as contracted_after,
        {{ to_amount('published.recognized_minor', 'currencies.exponent') }} as recognized_published,
        context.as_of,
        {{ common_checks('amendments', 'currencies.exponent') }}
    from amendments as records
    left join contracts on records.contract_id = contracts.contract_id
    left join {{ ref('exchange__currencies') }} as currencies on contracts.currency = currencies.currency
    left join {{ ref('exchange__contract_lines') }} as lines on records.contract_line_id = lines.contract_line_id
    left join facts_of_rows on records.record_key = facts_of_rows.record_key
    left join unrated on records.record_key = unrated.record_key
    left join cancels on records.contract_line_id = cancels.contract_line_id
    left join signed_changes on records.contract_line_id = signed_changes.contract_line_id
    left join cancelled_contracts on records.contract_id = cancelled_contracts.contract_id
    left join published on records.contract_line_id = published.contract_line_id
    left join new_amendments on records.record_key = new_amendments.record_key
    left join new_amounts on records.contract_line_id = new_amounts.contract_line_id
    cross join context

)

select * from final
