-- Grain: contract line recognized in steps × day on which its cumulative revenue changes.
-- Why: what is earned by events, on what was allocated to the line (accounting.md §4; macros/steps.sql).

{{ recognition_steps(ref('line_allocations'), ref('accepted__fulfillments')) }}
