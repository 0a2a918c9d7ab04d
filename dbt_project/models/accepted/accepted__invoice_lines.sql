-- Grain: invoice line that is used.
-- Why: what the gate let through, with the contract it belongs to; null is an unlinked one, to which the
-- excluded contract's also belong (accounting.md §6).
{{ accepted_entity(
    replaced={'contract_line_id': linked('links.contract_line_id')},
    added={'contract_id': linked('links.contract_id')},
    joins='left join ' ~ ref('links__invoice_lines') ~ ' as links on records.record_key = links.record_key'
        ~ ' left join ' ~ ref('accepted__contracts_out') ~ ' as contracts_out on links.contract_id = contracts_out.contract_id',
) }}
