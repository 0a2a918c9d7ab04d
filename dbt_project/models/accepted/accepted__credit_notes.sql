-- Grain: credit note that is used.
-- Why: what the gate let through, with the entity of its contract or invoice.
{{ accepted_entity(
    added={'entity_id': 'links.entity_id'},
    joins='left join ' ~ ref('links__credit_notes') ~ ' as links on records.record_key = links.record_key',
) }}
