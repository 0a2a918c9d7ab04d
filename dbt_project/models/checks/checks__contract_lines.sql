-- Grain: contract_lines record.
-- Why: every fact its rules ask for (expectations/suites/contract_lines.yml).

with listed_groups as (

    -- groups of which some lines have a price of their own
    select accounting_contract_id, allocation_group, count(*) as listed_lines
    from {{ ref('contract_line_terms') }}
    where ssp_source in ('line', 'price_list', 'product') and not is_unpriced
    group by accounting_contract_id, allocation_group

),

published as (

    select * from {{ source('frozen', 'known_records') }} where entity = 'contract_lines'

),

-- lines with an amendment that no published figure stands on yet
newly_amended as (

    select distinct amendments.contract_line_id
    from {{ ref('exchange__amendments') }} as amendments
    left join {{ source('frozen', 'known_records') }} as known
        on known.entity = 'amendments'
        and amendments.record_key = known.record_key
    where known.record_key is null

),

-- the amendment row that a line names as the one that adds it
adding as (

    select distinct contract_line_id, amendment_id from {{ ref('exchange__amendments') }} where action = 'add'

),

final as (

    select
        {{ exchange_columns('contract_lines') }},
        records.amount as held_amount,
        contracts.contract_id is not null as is_known_contract,
        coalesce(contracts.parse_errors, products.parse_errors) is not null as has_unparseable_terms,
        products.product_id is not null as is_known_product,
        contracts.currency as held_currency,
        currencies.exponent as currency_exponent,
        contracts.start_date as contract_start_date,
        contracts.end_date as contract_end_date,
        terms.start_date as term_start_date,
        terms.end_date as term_end_date,
        terms.recognition_method as method,
        terms.recognition_convention as convention,
        terms.is_discount,
        terms.is_unpriced,
        terms.is_residual,
        terms.ssp_source,
        terms.ssp_minor,
        terms.ssp_low_minor,
        terms.ssp_high_minor,
        terms.priced_on,
        terms.unrated_currency,
        coalesce(group_prices.priced_lines, 0) as priced_lines,
        coalesce(group_prices.residual_lines, 0) as residual_lines,
        coalesce(listed_groups.listed_lines, 0) as listed_lines,
        group_prices.pool_minor,
        group_prices.stated_minor,
        group_prices.other_ssp_minor
            + case when group_prices.residual_lines > 0 then group_prices.residual_ssp_minor else 0 end as group_ssp_minor,
        group_prices.residual_ssp_minor,
        published.record_key is not null and published.record_version != records.record_version as has_changed,
        newly_amended.contract_line_id is not null as has_new_amendment,
        records.amendment_id is null or adding.amendment_id is not null as is_known_amendment,
        nullif(concat_ws(', ',
            -- progress counts in millionths of a unit times scale, in 18 digits
            case when records.quantity > {{ whole_quotient('9000000000000', 'returns.scale') }}
                then 'expected_return_pct as fine as that of so large a quantity' end,
            case when terms.is_residual and records.amendment_id is not null
                then 'a residual price of a line that an amendment adds'
            end,
            case when products.revenue_category = 'pass_through' then 'revenue_category pass_through' end
        ), '') as unsupported,
        {{ common_checks('contract_lines', 'currencies.exponent') }}
    from {{ ref('exchange__contract_lines') }} as records
    left join {{ ref('exchange__contracts') }} as contracts on records.contract_id = contracts.contract_id
    left join {{ ref('exchange__currencies') }} as currencies on contracts.currency = currencies.currency
    left join {{ ref('exchange__products') }} as products on records.product_id = products.product_id
    left join {{ ref('contract_line_terms') }} as terms on records.source_row = terms.source_row
    left join {{ ref('expected_returns') }} as returns
        on records.contract_line_id = returns.contract_line_id and returns.version_number = 1
    left join {{ ref('group_prices') }} as group_prices
        on terms.accounting_contract_id = group_prices.accounting_contract_id
        and terms.allocation_group = group_prices.allocation_group
    left join listed_groups
        on terms.accounting_contract_id = listed_groups.accounting_contract_id
        and terms.allocation_group = listed_groups.allocation_group
    left join published on records.record_key = published.record_key
    left join newly_amended on records.contract_line_id = newly_amended.contract_line_id
    left join adding
        on records.contract_line_id = adding.contract_line_id
        and records.amendment_id = adding.amendment_id

)

select * from final
