-- Grain: estimate of a line or a group that changes its price.
-- Why: what an estimate changes on its date (accounting.md §5), or on the day from which its line or contract counts where
-- that is later; one of a line that has its final amount changes nothing. What the line itself states is in its price
-- already. A negative estimate that concessions have used up does not come back.

with versions as (

    select * from {{ ref('estimate_versions') }}

),

lines as (

    select * from {{ ref('line_allocations') }} where not is_unpriced

),

used as (

    select
        versions.contract_line_id,
        versions.estimate_date,
        versions.estimate_id,
        sum(concessions.used_minor) as used_minor
    from versions
    inner join {{ ref('concessions') }} as concessions
        on versions.contract_line_id = concessions.contract_line_id
        and versions.estimate_date > concessions.known_from
    group by versions.contract_line_id, versions.estimate_date, versions.estimate_id

),

in_force as (

    select
        versions.*,
        case when used.used_minor > 0 then least(versions.variable_minor, -used.used_minor) else versions.variable_minor end
        - versions.constrained_minor as estimated_minor
    from versions
    left join used
        on versions.contract_line_id = used.contract_line_id
        and versions.estimate_date = used.estimate_date
        and versions.estimate_id is not distinct from used.estimate_id

),

changes as (

    select
        in_force.*,
        estimated_minor - lag(estimated_minor, 1, 0) over (
            partition by contract_id, contract_line_id, allocation_group order by estimate_date, estimate_id
        ) as change_minor
    from in_force

),

of_lines as (

    select
        changes.estimate_id,
        lines.accounting_contract_id,
        lines.contract_id,
        lines.contract_line_id,
        lines.allocation_group,
        greatest(changes.estimate_date, lines.signed_date, lines.priced_on) as known_from,
        changes.change_minor,
        changes.reason
    from changes
    inner join lines on changes.contract_line_id = lines.contract_line_id
    left join {{ ref('cancellations') }} as cancellations on changes.contract_line_id = cancellations.contract_line_id
    where changes.estimate_id is not null
        and (
            cancellations.contracted_date is null
            or greatest(changes.estimate_date, lines.signed_date, lines.priced_on) < cancellations.contracted_date
        )

),

of_groups as (

    select
        changes.estimate_id,
        contracts.accounting_contract_id,
        changes.contract_id,
        cast(null as {{ dbt.type_string() }}) as contract_line_id,
        changes.allocation_group,
        greatest(changes.estimate_date, contracts.signed_date) as known_from,
        changes.change_minor,
        changes.reason
    from changes
    inner join (
        select distinct accounting_contract_id, contract_id, allocation_group, signed_date from lines where amendment_id is null
    ) as contracts
        on changes.contract_id = contracts.contract_id and changes.allocation_group = contracts.allocation_group

),

final as (

    select * from of_lines
    union all
    select * from of_groups

)

select final.*
from final
cross join {{ source('run', 'context') }} as context
where final.known_from <= context.cut_date and final.change_minor != 0
