-- Grain: adjustments record that is used.
-- Why: what the gate let through (macros/accepted.sql).
{{ accepted_entity(
    added={'contract_id': 'lines.contract_id'},
    joins='inner join ' ~ ref('accepted__contract_lines') ~ ' as lines on records.contract_line_id = lines.contract_line_id',
) }}
