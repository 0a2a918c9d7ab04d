-- An order is a contract; what is drafted or quoted goes on with its status, so that the gate says why it does not count.
select
    OrderNo as contract_id,
    AccountNo as customer_id,
    Company as entity_id,
    case Stage
        when 'Draft' then 'draft'
        when 'Quoted' then 'proposal'
        when 'Signed' then 'signed'
        when 'Activated' then 'active'
        when 'Completed' then 'expired'
        when 'Terminated' then 'cancelled'
        else Stage
    end as status,
    case OrderType
        when 'New business' then 'new'
        when 'Renewal' then 'renewal'
        else OrderType
    end as contract_type,
    coalesce(strftime(try_strptime(SignedOn, '%m/%d/%Y'), '%Y-%m-%d'), SignedOn) as signed_date,
    coalesce(strftime(try_strptime(TermStart, '%m/%d/%Y'), '%Y-%m-%d'), TermStart) as start_date,
    coalesce(strftime(try_strptime(TermEnd, '%m/%d/%Y'), '%Y-%m-%d'), TermEnd) as end_date,
    Currency as currency,
    OrderTotal as total_amount,
    OpportunityNo as opportunity_id,
    coalesce(strftime(try_strptime(OpportunityOpened, '%m/%d/%Y'), '%Y-%m-%d'), OpportunityOpened) as opportunity_created_date,
    Campaign as campaign,
    Owner as sales_rep,
    RenewsOrder as renewal_of,
    SignedWith as combined_with,
    case MayCancel when 'Yes' then 'true' when 'No' then 'false' else MayCancel end as termination_for_convenience,
    NoticeDays as notice_days,
    coalesce(strftime(try_strptime(TerminatedFrom, '%m/%d/%Y'), '%Y-%m-%d'), TerminatedFrom) as cancelled_date,
    coalesce(strftime(try_strptime(TerminationSigned, '%m/%d/%Y'), '%Y-%m-%d'), TerminationSigned) as cancellation_signed_date,
    TerminationReason as cancellation_reason,
    [_row_id] as source_rows,
    _rank as source_rank
from {{ source('lake', 'atlas__orders') }}
