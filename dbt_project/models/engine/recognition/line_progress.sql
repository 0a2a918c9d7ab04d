-- Grain: contract line recognized by events × day on which its measure of progress changes.
-- Why: how far a line is, independent of the money that amendments move (macros/steps.sql).

{{ line_progress(ref('line_allocations'), ref('accepted__fulfillments')) }}
