-- Grain: version of what is expected back of a contract line that is earned by goods or drawn down.
-- Why: dated estimates (accounting.md §5, §6): stays ÷ scale is the part expected not to come back, as the smallest whole
-- numbers that say all versions of the line; of a drawdown the part expected to be claimed. A line's first version
-- stands on the line; a group's holds for its lines without a figure of their own. counts_from: an estimate dated before
-- the signature is a step of that day. It stands before the gate because
-- what is held back is computed by it too.

with lines as (

    select
        records.contract_line_id,
        terms.accounting_contract_id,
        terms.allocation_group,
        greatest(terms.signed_date, terms.priced_on) as first_known,
        records.expected_return_pct
    from {{ ref('exchange__contract_lines') }} as records
    inner join {{ ref('contract_line_terms') }} as terms on records.source_row = terms.source_row
    where terms.recognition_method in ('point_in_time', 'drawdown') and not terms.is_discount

),

estimates as (

    select estimates.*, coalesce(contracts.combined_with, contracts.contract_id) as accounting_contract_id
    from {{ ref('exchange__estimates') }} as estimates
    inner join {{ ref('exchange__contracts') }} as contracts on estimates.contract_id = contracts.contract_id
    cross join {{ source('run', 'context') }} as context
    where estimates.expected_return_pct is not null and estimates.estimate_date <= context.cut_date

),

own as (

    select distinct contract_line_id from estimates where contract_line_id is not null

),

stated as (

    select
        contract_line_id,
        cast(null as {{ dbt.type_string() }}) as estimate_id,
        {{ first_day() }} as valid_from,
        coalesce(expected_return_pct, 0) as expected_return_pct,
        first_known
    from lines

    union all

    select lines.contract_line_id, estimates.estimate_id, estimates.estimate_date as valid_from, estimates.expected_return_pct,
        lines.first_known
    from estimates
    inner join lines on estimates.contract_line_id = lines.contract_line_id

    union all

    select lines.contract_line_id, estimates.estimate_id, estimates.estimate_date as valid_from, estimates.expected_return_pct,
        lines.first_known
    from estimates
    inner join lines
        on estimates.contract_line_id is null
        and estimates.accounting_contract_id = lines.accounting_contract_id
        and coalesce(estimates.allocation_group, '') = lines.allocation_group
    left join own on lines.contract_line_id = own.contract_line_id
    where own.contract_line_id is null and lines.expected_return_pct is null

),

-- of several versions of one day the later key holds; 10^14 is the whole
staying as (

    select
        contract_line_id,
        estimate_id,
        valid_from,
        first_known,
        cast(100000000000000 as bigint)
        - cast(cast(expected_return_pct as decimal(25, 12)) * 1000000000000 as bigint) as stays,
        row_number() over (partition by contract_line_id, valid_from order by estimate_id desc) as recency
    from stated
    where expected_return_pct between 0 and 100

),

measured as (

    select
        staying.*,
        case
            {%- for digits in [14, 12, 11, 10, 8, 6, 4, 2] %}
            when max(stays % 1{{ '0' * digits }}) over (partition by contract_line_id) = 0 then 1{{ '0' * digits }}
            {%- endfor %}
            else 1
        end as divisor,
        min(stays) over (partition by contract_line_id) as smallest
    from staying
    where recency = 1

)

select
    contract_line_id,
    estimate_id,
    valid_from,
    case when estimate_id is null then valid_from else greatest(valid_from, coalesce(first_known, valid_from)) end as counts_from,
    coalesce(
        {{ add_days('lead(valid_from) over (partition by contract_line_id order by valid_from)', '-1') }},
        cast('9999-12-31' as date)
    ) as valid_to,
    cast(row_number() over (partition by contract_line_id order by valid_from) as integer) as version_number,
    cast({{ whole_quotient('stays', 'divisor') }} as bigint) as stays,
    cast({{ whole_quotient('100000000000000', 'divisor') }} as bigint) as scale
from measured
where smallest < 100000000000000
