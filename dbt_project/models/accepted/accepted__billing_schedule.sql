-- Grain: billing_schedule record that is used.
-- Why: what the gate let through (macros/accepted.sql).
{{ accepted_entity() }}
