-- Grain: fulfillment, and what stands for those before a cut-over.
-- Why: how far lines have come knows one history, whichever system it is from. A view: where nothing is taken over it is the
-- fulfillments.
{{ config(materialized='view') }}

{% set columns = [
    'fulfillment_id', 'contract_line_id', 'event_date', 'kind', 'quantity', 'percent_complete', 'cost_to_date',
    'cost_at_completion', 'amount',
] %}

select {{ columns | join(', ') }} from {{ ref('accepted__fulfillments') }}
union all
select {{ columns | join(', ') }} from {{ ref('opening_progress') }}
