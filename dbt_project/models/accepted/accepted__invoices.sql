-- Grain: invoice that is used.
-- Why: what the gate let through, with the entity of an invoice that names none: its contract's; counts_from is the day
-- from which it counts in balances by the company's policy (accounting.md §6 defer_on).
{{ accepted_entity(
    replaced={'entity_id': 'links.entity_id'},
    added={
        'counts_from': "case when context.policy_defer_on = 'due_date'"
            ~ " then greatest(records.issue_date, coalesce(records.due_date, records.issue_date)) else records.issue_date end",
    },
    joins='left join ' ~ ref('links__invoices') ~ ' as links on records.record_key = links.record_key'
        ~ ' cross join ' ~ source('run', 'context') ~ ' as context',
) }}
