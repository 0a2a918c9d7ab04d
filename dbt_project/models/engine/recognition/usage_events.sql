-- Grain: usage event of a usage or drawdown line.
-- Why: what was used, from fulfillments alone: terms may change, what was used does not (macros/steps.sql).

{{ usage_events(ref('line_allocations'), ref('known_progress')) }}
