-- A modification changes the one line of its award by what it adds to the value of base and exercised options. The
-- reason says how: E, F and X terminate (what is left undone is taken off again: a negative value), G exercises an option
-- and so extends the term; everything else changes the price, also by 0. Funding (C) moves no price by itself; what such
-- an action adds to the value of exercised options counts, what it merely obligates does not.
select
    concat_ws('_', piid, split_part(agencyid, ':', 1), nullif(idvpiid, ''), nullif(split_part(idvagencyid, ':', 1), ''))
        || '/' || modnumber as amendment_id,
    concat_ws('_', piid, split_part(agencyid, ':', 1), nullif(idvpiid, ''), nullif(split_part(idvagencyid, ':', 1), ''))
        as contract_id,
    concat_ws('_', piid, split_part(agencyid, ':', 1), nullif(idvpiid, ''), nullif(split_part(idvagencyid, ':', 1), ''))
        || '/1' as contract_line_id,
    coalesce(strftime(try_strptime(signeddate, '%m/%d/%Y'), '%Y-%m-%d'), signeddate) as signed_date,
    coalesce(strftime(try_strptime(effectivedate, '%m/%d/%Y'), '%Y-%m-%d'), effectivedate) as effective_date,
    case
        when left(reasonformodification, 1) in ('E', 'F', 'X') then 'cancel'
        when reasonformodification like 'G:%' then 'extend'
        else 'change'
    end as action,
    baseandexercisedoptionsvalue as amount_delta,
    case
        when reasonformodification like 'G:%'
            then coalesce(
                strftime(try_strptime(currentcompletiondate, '%m/%d/%Y'), '%Y-%m-%d'), currentcompletiondate
            )
    end as new_end_date,
    reasonformodification as reason,
    [_row_id] as source_rows,
    _rank as source_rank
from {{ source('lake', 'usaspending__actions') }}
where modnumber != '0'
