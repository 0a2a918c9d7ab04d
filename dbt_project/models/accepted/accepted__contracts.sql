-- Grain: contract that is used.
-- Why: what the gate let through, with the entity of a contract that names none (architecture.md 26).
{{ accepted_entity(
    replaced={'entity_id': 'links.entity_id'},
    joins='left join ' ~ ref('links__contracts') ~ ' as links on records.contract_id = links.contract_id',
) }}
