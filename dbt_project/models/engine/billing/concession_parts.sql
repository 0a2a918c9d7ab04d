-- Grain: concession on a whole contract × contract line.
-- Why: billed falls on the same lines by the same parts as the price (accounting.md §6).

with concessions as (

    select modifications.accounting_contract_id, modifications.modification_number, concessions.event_id, concessions.known_from
    from {{ ref('modifications') }} as modifications
    inner join {{ ref('concessions') }} as concessions
        on modifications.kind = 'concession'
        and modifications.first_id = concessions.event_id
        and modifications.contract_id = concessions.contract_id
    where concessions.contract_line_id is null

),

parts as (

    select
        concessions.event_id,
        amounts.contract_line_id,
        lines.line_place,
        amounts.share_minor as amount_minor
    from {{ ref('layer_amounts') }} as amounts
    inner join concessions
        on amounts.accounting_contract_id = concessions.accounting_contract_id
        and amounts.modification_number = concessions.modification_number
    inner join {{ ref('line_allocations') }} as lines on amounts.contract_line_id = lines.contract_line_id

),

cumulated as (

    select
        parts.*,
        documents.issue_date,
        documents.tax_minor as document_tax_minor,
        abs(parts.amount_minor) as part,
        cast(sum(abs(parts.amount_minor)) over (
            partition by parts.event_id order by parts.line_place
            rows between unbounded preceding and current row
        ) as bigint) as through_line,
        cast(sum(abs(parts.amount_minor)) over (partition by parts.event_id) as bigint) as whole
    from parts
    inner join {{ ref('document_lines') }} as documents on parts.event_id = documents.event_id

)

select
    event_id,
    contract_line_id,
    issue_date,
    amount_minor,
    {{ prorate('document_tax_minor', 'through_line', 'whole') }}
    - {{ prorate('document_tax_minor', '(through_line - part)', 'whole') }} as tax_minor
from cumulated
where amount_minor != 0
