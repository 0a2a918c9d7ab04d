-- Grain: fulfillment that is used.
-- Why: what the gate let through, with its line's contract.
{{ accepted_entity(
    added={'contract_id': 'links.contract_id'},
    joins='left join ' ~ ref('links__contract_lines') ~ ' as links on records.contract_line_id = links.contract_line_id',
) }}
