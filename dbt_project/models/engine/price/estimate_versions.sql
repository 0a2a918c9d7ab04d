-- Grain: version of what is variable in a contract line, or in an allocation group of a contract.
-- Why: dated estimates (accounting.md §5): the latest on or before a day holds, and a column it leaves empty says what the
-- version before said. A line's first version stands on the line itself. It stands before the gate because the price
-- at signing has it in. Minor units of the contract's currency.

with contracts as (

    select contracts.contract_id, currencies.exponent
    from {{ ref('exchange__contracts') }} as contracts
    inner join {{ ref('exchange__currencies') }} as currencies on contracts.currency = currencies.currency

),

stated as (

    select
        contract_id,
        contract_line_id,
        cast(null as {{ dbt.type_string() }}) as allocation_group,
        cast(null as {{ dbt.type_string() }}) as estimate_id,
        {{ first_day() }} as estimate_date,
        variable_amount,
        constrained_amount,
        cast(null as {{ dbt.type_string() }}) as reason
    from {{ ref('exchange__contract_lines') }}
    where variable_amount is not null or constrained_amount is not null

    union all

    select
        contract_id,
        contract_line_id,
        case when contract_line_id is null then coalesce(allocation_group, '') end as allocation_group,
        estimate_id,
        estimate_date,
        variable_amount,
        constrained_amount,
        reason
    from {{ ref('exchange__estimates') }}

),

counted as (

    select
        stated.*,
        contracts.exponent,
        count(variable_amount) over through_version as variables_given,
        count(constrained_amount) over through_version as constraints_given
    from stated
    inner join contracts on stated.contract_id = contracts.contract_id
    window through_version as (
        partition by stated.contract_id, stated.contract_line_id, stated.allocation_group
        order by stated.estimate_date, stated.estimate_id
        rows between unbounded preceding and current row
    )

),

filled as (

    select
        counted.*,
        coalesce(
            max(variable_amount) over (
                partition by contract_id, contract_line_id, allocation_group, variables_given
            ), 0
        ) as variable_now,
        coalesce(
            max(constrained_amount) over (
                partition by contract_id, contract_line_id, allocation_group, constraints_given
            ), 0
        ) as constrained_now
    from counted

)

select
    contract_id,
    contract_line_id,
    allocation_group,
    estimate_id,
    estimate_date,
    reason,
    {{ to_minor('variable_now', 'exponent') }} as variable_minor,
    {{ to_minor('constrained_now', 'exponent') }} as constrained_minor
from filled
