-- Grain: allocation group of an accounting contract, over all lines as first signed and delivered (before the gate).
-- Why: the gate refuses groups that can't be priced (residual out of range, no basis, a lone discount).

with terms as (

    select * from {{ ref('contract_line_terms') }} where amendment_id is null

),

final as (

    {{ allocation_groups('terms') }}

)

select * from final
