-- Grain: estimate of a line or a group that changes its price.
-- Why: what an estimate changes on its date (accounting.md §5), or on the day from which its line or contract counts where
-- that is later; one of a line that has its final amount changes nothing. What the line itself states is in its price
-- already. A negative estimate that concessions have used up does not come back.

with lines as (

    -- of a line that an amendment adds nothing counts before that is signed
    select lines.*
    from {{ ref('line_allocations') }} as lines
    left join (
        select distinct contract_line_id from {{ ref('amendment_rows') }} where action = 'add'
    ) as added
        on lines.contract_line_id = added.contract_line_id
    where not lines.is_unpriced and (lines.amendment_id is null or added.contract_line_id is not null)

),

of_lines_dated as (

    select
        versions.contract_line_id,
        versions.estimate_id,
        versions.counts_from,
        versions.reason,
        versions.variable_minor,
        versions.constrained_minor,
        lag(versions.variable_minor, 1, 0) over line_versions as variable_before_minor,
        lag(versions.constrained_minor, 1, 0) over line_versions as constrained_before_minor,
        coalesce(used.used_minor, 0) as used_minor
    from {{ ref('estimates_in_force') }} as versions
    left join (
        select
            later.estimate_id,
            later.contract_line_id,
            sum(concessions.used_minor) as used_minor
        from {{ ref('estimates_in_force') }} as later
        inner join {{ ref('concessions') }} as concessions
            on later.contract_line_id = concessions.contract_line_id
            and later.counts_from > concessions.known_from
        where later.estimate_id is not null
        group by later.estimate_id, later.contract_line_id
    ) as used
        on versions.estimate_id = used.estimate_id and versions.contract_line_id = used.contract_line_id
    window line_versions as (
        partition by versions.contract_line_id order by versions.estimate_date, versions.estimate_id nulls first
    )

),

of_lines as (

    select
        changes.estimate_id,
        lines.accounting_contract_id,
        lines.contract_id,
        lines.contract_line_id,
        lines.allocation_group,
        changes.counts_from as known_from,
        cast(
            {{ estimate_left('changes.variable_minor', 'changes.used_minor') }}
            - {{ estimate_left('changes.variable_before_minor', 'changes.used_minor') }}
            - changes.constrained_minor + changes.constrained_before_minor as bigint
        ) as change_minor,
        changes.reason
    from of_lines_dated as changes
    inner join lines on changes.contract_line_id = lines.contract_line_id
    where changes.estimate_id is not null

),

of_groups as (

    select
        changes.estimate_id,
        contracts.accounting_contract_id,
        changes.contract_id,
        cast(null as {{ dbt.type_string() }}) as contract_line_id,
        changes.allocation_group,
        greatest(changes.estimate_date, contracts.signed_date) as known_from,
        cast(changes.change_minor as bigint) as change_minor,
        changes.reason
    from (
        select
            of_group.*,
            variable_minor - constrained_minor - lag(variable_minor - constrained_minor, 1, 0) over (
                partition by contract_id, allocation_group order by estimate_date, estimate_id
            ) as change_minor
        from {{ ref('estimate_versions') }} as of_group
        where contract_line_id is null
    ) as changes
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

-- of a line that a signed amendment adds later an estimate is known already, and schedules what the line will earn
select * from final where change_minor != 0
