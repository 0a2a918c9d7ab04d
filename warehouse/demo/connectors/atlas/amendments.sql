select
    ChangeNo as amendment_id,
    OrderNo as contract_id,
    LineNo as contract_line_id,
    coalesce(strftime(try_strptime(EffectiveOn, '%m/%d/%Y'), '%Y-%m-%d'), EffectiveOn) as effective_date,
    coalesce(strftime(try_strptime(SignedOn, '%m/%d/%Y'), '%Y-%m-%d'), SignedOn) as signed_date,
    case ChangeType
        when 'Add' then 'add'
        when 'Modify' then 'change'
        when 'Prolong' then 'extend'
        when 'Terminate' then 'cancel'
        when 'Pause' then 'suspend'
        else ChangeType
    end as action,
    case Handling
        when 'Own deal' then 'separate'
        when 'From now on' then 'prospective'
        when 'From the start' then 'cumulative_catch_up'
        else Handling
    end as treatment,
    QuantityChange as quantity_delta,
    ValueChange as amount_delta,
    coalesce(strftime(try_strptime(ResumesOn, '%m/%d/%Y'), '%Y-%m-%d'), ResumesOn) as new_start_date,
    coalesce(strftime(try_strptime(NewEnd, '%m/%d/%Y'), '%Y-%m-%d'), NewEnd) as new_end_date,
    Reason as reason,
    [_row_id] as source_rows,
    _rank as source_rank
from {{ source('lake', 'atlas__changes') }}
