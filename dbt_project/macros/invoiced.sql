{# What is earned as invoiced (accounting.md §4 as_invoiced). Used twice on purpose: for what is published, and for the
   write-offs that a credit for a cancellation follows, which ask before contract-level documents have their lines. #}

{# Relation of documents as events of lines (billing_events, earned_until) -> a row a document line with the columns of a
   revenue segment: earned over its service period by days, without one on the day it counts; a credit of any reason but
   bad debt takes back over the service period of the invoice line it names. What is invoiced when a line earns nothing
   further has none, nor has what is credited of it. #}
{% macro earned_as_invoiced(events) %}
with credited as (

    select
        'credit_note:' || credits.credit_note_line_id as event_id,
        invoices.issue_date,
        invoice_lines.service_start,
        invoice_lines.service_end
    from {{ ref('accepted__credit_note_lines') }} as credits
    inner join {{ ref('accepted__invoice_lines') }} as invoice_lines
        on credits.invoice_line_id = invoice_lines.invoice_line_id
    inner join {{ ref('accepted__invoices') }} as invoices on invoice_lines.invoice_id = invoices.invoice_id

),

documents as (

    select
        issued.contract_line_id,
        issued.event_id as layer,
        issued.event_date as issue_date,
        issued.counted_date,
        voided.counted_date as void_date,
        voided.event_date as voided_on,
        issued.amount_minor,
        coalesce(issued.service_start, credited.service_start) as service_start,
        coalesce(issued.service_end, credited.service_end) as service_end,
        'daily' as convention
    from {{ events }} as issued
    left join {{ events }} as voided
        on issued.event_id = voided.event_id
        and issued.contract_line_id = voided.contract_line_id
        and voided.event_type = issued.document_type || '_void'
    left join credited on issued.event_id = credited.event_id
    where issued.event_type = issued.document_type
        and case
            when issued.document_type = 'invoice' then {{ still_earns('issued', 'issued.event_date') }}
            else {{ still_earns('issued', 'credited.issue_date') }}
        end

),

served as (

    select * from documents where service_start <= service_end

),

final as (

    select
        contract_line_id,
        layer,
        greatest(issue_date, spread_start) as earned_from,
        counted_date,
        greatest(counted_date, spread_start) as valid_from,
        void_date,
        voided_on,
        cast(0 as bigint) as base_minor,
        amount_minor as spread_minor,
        convention,
        spread_start,
        service_end as spread_end,
        cast(first_month as integer) as first_month,
        cast(last_month as integer) as last_month,
        cast(weight_unit as bigint) as weight_unit,
        cast(first_weight as bigint) as first_weight,
        cast(last_weight as bigint) as last_weight,
        cast(total_weight as bigint) as total_weight,
        cast(null as bigint) as skipped_weight,
        cast(null as bigint) as skipped_unit
    from (
        {{ ratable_shape('served') }}
    ) as shaped

    union all

    select
        contract_line_id,
        layer,
        issue_date as earned_from,
        counted_date,
        counted_date as valid_from,
        void_date,
        voided_on,
        amount_minor as base_minor,
        {{ no_spread() }}
    from documents
    where service_start is null or service_end is null

)

select * from final
{% endmacro %}
