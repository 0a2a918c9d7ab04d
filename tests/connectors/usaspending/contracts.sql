-- A contract is a base award (modification 0), named by its number, agency, vehicle and the vehicle's agency, because an
-- order is numbered within its vehicle. Its price is the value of base and exercised options: an option is no part of
-- the contract before it is exercised (ASC 606-10-55-42), so baseandalloptionsvalue is too much; and dollarsobligated is
-- what the agency has funded so far, while an order under next year's funds is firm although nothing is obligated yet.
-- Its term ends likewise on the current completion date, not on the ultimate one, which counts the options in.
-- A vehicle (B: IDC, E: BPA) obliges nobody before it is ordered from: it is no contract, at most a proposal of one.
-- What is no date stays as it is, so that the gate names it.
select
    concat_ws('_', piid, split_part(agencyid, ':', 1), nullif(idvpiid, ''), nullif(split_part(idvagencyid, ':', 1), ''))
        as contract_id,
    split_part(agencyid, ':', 1) as customer_id,
    piid as contract_number,
    case
        when contractactiontype in ('B: IDC', 'E: BPA') then 'proposal'
        when transaction_status = 'Active' then 'active'
        else transaction_status
    end as status,
    'new' as contract_type,
    coalesce(strftime(try_strptime(signeddate, '%m/%d/%Y'), '%Y-%m-%d'), signeddate) as signed_date,
    coalesce(strftime(try_strptime(effectivedate, '%m/%d/%Y'), '%Y-%m-%d'), effectivedate) as start_date,
    coalesce(strftime(try_strptime(currentcompletiondate, '%m/%d/%Y'), '%Y-%m-%d'), currentcompletiondate) as end_date,
    'USD' as currency,
    baseandexercisedoptionsvalue as total_amount,
    [_row_id] as source_rows,
    _rank as source_rank
from {{ source('lake', 'usaspending__actions') }}
where modnumber = '0'
