-- Grain: invoice that is used.
-- Why: what the gate let through, with the entity of an invoice that names none: its contract's.
{{ accepted_entity(
    replaced={'entity_id': 'links.entity_id'},
    joins='left join ' ~ ref('links__invoices') ~ ' as links on records.record_key = links.record_key',
) }}
