-- Grain: set of dimensions of a contract line.
-- Why: until when a line earns by the terms known at the last day counted, and what that comes to; when what has no day is
-- expected, and the days of notice of a contract that may be left (accounting.md §7). Keyed by number: it is joined to every
-- line and month.

with ends as (

    -- the day from which on nothing is earned any more, and what is by then
    select
        contract_line_id,
        max(case
            when spread_minor = 0 then valid_from
            else least(valid_to, greatest(spread_end, valid_from))
        end) as last_day,
        cast(sum(case when valid_to = cast('9999-12-31' as date) then base_minor + spread_minor else 0 end) as bigint) as total_minor
    from {{ ref('revenue_segments') }}
    group by contract_line_id

)

select
    dimensions.dimension_id,
    dimensions.contract_line_id,
    lines.expected_date,
    case when {{ is_cancellable('contracts') }} then coalesce(contracts.notice_days, 0) end as notice_days,
    ends.last_day,
    ends.total_minor,
    held.contract_line_id is not null as is_held
from {{ ref('dimension_sets') }} as dimensions
left join ends on dimensions.contract_line_id = ends.contract_line_id
left join {{ ref('dim_contract_line') }} as lines on dimensions.contract_line_id = lines.contract_line_id
left join {{ ref('dim_contract') }} as contracts on lines.contract_id = contracts.contract_id
left join {{ ref('held_lines') }} as held on dimensions.contract_line_id = held.contract_line_id
where dimensions.contract_line_id != '(not linked)'
