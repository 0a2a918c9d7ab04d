-- Grain: version of what is expected back of an accepted contract line.
-- Why: expected_returns, without what is estimated of a line that has its final amount: that changes nothing
-- (accounting.md §5 Cancel).

select
    versions.contract_line_id,
    versions.estimate_id,
    versions.valid_from,
    versions.counts_from,
    coalesce(
        {{ add_days('lead(versions.valid_from) over (partition by versions.contract_line_id order by versions.valid_from)', '-1') }},
        cast('9999-12-31' as date)
    ) as valid_to,
    versions.version_number,
    versions.stays,
    versions.scale
from {{ ref('expected_returns') }} as versions
left join {{ ref('cancellations') }} as cancellations on versions.contract_line_id = cancellations.contract_line_id
where versions.version_number = 1
    or cancellations.contracted_date is null
    or versions.counts_from < cancellations.contracted_date
