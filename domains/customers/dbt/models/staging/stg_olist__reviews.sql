-- One row per review and order; the marketplace exports some of them twice.
select
    review_id,
    order_id,
    review_score as score,
    nullif(trim(review_comment_title), '') as comment_title,
    nullif(trim(review_comment_message), '') as comment_text,
    cast(review_creation_date as date) as created_on,
    {{ instant('review_answer_timestamp') }} as answered_at
from {{ source('raw', 'order_reviews') }}
qualify
    review_id is null
    or row_number() over (
        partition by review_id, order_id order by review_answer_timestamp desc, rowid desc
    ) = 1
