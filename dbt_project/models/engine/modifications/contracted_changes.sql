-- Grain: accounting contract × modification_number × contract line × layer.
-- Why: by how much a modification changes what is contracted of a line: what its layer holds less what the layers it takes
-- held, and less what goods that came back give up. amount_delta_minor is what its source says; the rest moves between
-- lines. A share that only moves on changes nothing by itself.

select
    changes.accounting_contract_id,
    changes.modification_number,
    changes.contract_line_id,
    changes.change,
    changes.known_from,
    changes.conceded_from,
    changes.amount_delta_minor,
    case
        when changes.change = 'share' then 0
        else coalesce(amounts.base_minor + amounts.remainder_minor - amounts.taken_minor - amounts.debooked_minor, 0)
    end as change_minor
from {{ ref('modified_lines') }} as changes
left join {{ ref('layer_amounts') }} as amounts
    on changes.contract_line_id = amounts.contract_line_id
    and changes.modification_number = amounts.modification_number
    and changes.layer = amounts.layer
where changes.change != 'write_off'
