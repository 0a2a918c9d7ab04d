-- The source has no lines: a base award is one promise of the product or service it is coded with, ordered once. Only a
-- fixed price (J, K; A, B, L and M with terms of their own) leaves the method to the product. Time and labour are
-- invoiced as worked (Y, Z: the right to invoice), reimbursed costs are earned as they accrue (R to V: percent of
-- completion); any other pricing is handed over as it is, and the gate refuses it.
select
    concat_ws('_', piid, split_part(agencyid, ':', 1), nullif(idvpiid, ''), nullif(split_part(idvagencyid, ':', 1), ''))
        || '/1' as contract_line_id,
    concat_ws('_', piid, split_part(agencyid, ':', 1), nullif(idvpiid, ''), nullif(split_part(idvagencyid, ':', 1), ''))
        as contract_id,
    '1' as line_number,
    split_part(productorservicecode, ':', 1) as product_id,
    '1' as quantity,
    baseandexercisedoptionsvalue as amount,
    case
        when left(typeofcontractpricing, 1) in ('A', 'B', 'J', 'K', 'L', 'M') then null
        when left(typeofcontractpricing, 1) in ('Y', 'Z') then 'as_invoiced'
        when left(typeofcontractpricing, 1) in ('R', 'S', 'T', 'U', 'V') then 'percent_complete'
        else typeofcontractpricing
    end as recognition_method,
    [_row_id] as source_rows,
    _rank as source_rank
from {{ source('lake', 'usaspending__actions') }}
where modnumber = '0' and contractactiontype not in ('B: IDC', 'E: BPA')
