-- Grain: journal line of the general ledger that is used.
-- Why: what the gate let through, in the books and the currency that are meant where a line names none; without either, in
-- those of '(unknown)'.
{{ accepted_entity(
    replaced={
        'entity_id': "coalesce(records.entity_id, only_entity.entity_id, '(unknown)')",
        'currency': 'coalesce(records.currency, books.functional_currency, context.default_entity_currency)',
    },
    joins='cross join ' ~ ref('links__only_entity') ~ ' as only_entity left join ' ~ ref('links__entity_currencies')
        ~ ' as books on coalesce(records.entity_id, only_entity.entity_id) = books.entity_id cross join '
        ~ source('run', 'context') ~ ' as context',
) }}
