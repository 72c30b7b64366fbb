-- One row per review and order it speaks about.
select
    review_id,
    order_id,
    score,
    comment_title,
    comment_text,
    created_on,
    answered_at
from {{ ref('stg_olist__reviews') }}
