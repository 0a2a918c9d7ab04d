-- Grain: contract line that is earned by what happens × day on which its cumulative revenue changes.
-- Why: what its progress earns of the amount allocated to it (accounting.md §4; macros/steps.sql).

{{ recognition_steps(ref('line_allocations'), ref('line_progress'), ref('usage_amounts')) }}
