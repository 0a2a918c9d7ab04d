-- Grain: version of what is variable in an accepted contract line.
-- Why: estimate_versions, without what is estimated of a line that has its final amount: that changes nothing
-- (accounting.md §5 Cancel). counts_from: an estimate dated before its line counts is a step of that day.

select
    versions.contract_line_id,
    versions.estimate_id,
    versions.estimate_date,
    greatest(versions.estimate_date, lines.counts_from) as counts_from,
    versions.variable_minor,
    versions.constrained_minor,
    versions.reason
from {{ ref('estimate_versions') }} as versions
inner join {{ ref('line_allocations') }} as lines on versions.contract_line_id = lines.contract_line_id
left join {{ ref('cancellations') }} as cancellations on versions.contract_line_id = cancellations.contract_line_id
where not lines.is_unpriced
    and (
        versions.estimate_id is null
        or cancellations.contracted_date is null
        or greatest(versions.estimate_date, lines.counts_from) < cancellations.contracted_date
    )
