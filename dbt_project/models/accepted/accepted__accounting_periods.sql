-- Grain: accounting_periods record that is used.
-- Why: what the gate let through (macros/accepted.sql).
{{ accepted_entity() }}
