-- Grain: allocation group of an accounting contract, over all lines as delivered (before the gate).
-- Why: the gate refuses groups that can't be priced (residual out of range, no basis, a lone discount).

with terms as (

    select * from {{ ref('contract_line_terms') }}

),

final as (

    {{ allocation_groups('terms') }}

)

select * from final
