-- Grain: contract line that is earned by what happens × day on which its measure changes.
-- Why: how far the line has come, from fulfillments alone: terms may change, what was done does not (macros/steps.sql).

{{ line_progress(ref('line_allocations'), ref('accepted__fulfillments'), ref('returns_in_force')) }}
