"""What the customers domain reads: buyers and reviews of the marketplace, contacts of the CRM."""

from meshport.sources import Extract

EXTRACTS = [
    Extract(
        table="customers",
        file="olist_customers_dataset",
        columns={
            "customer_id": "VARCHAR",
            "customer_unique_id": "VARCHAR",
            "customer_zip_code_prefix": "VARCHAR",
            "customer_city": "VARCHAR",
            "customer_state": "VARCHAR",
        },
        becomes="output_ports.customers_v1",
        key={"customer_unique_id": "customer_id"},
        is_ordered=True,
    ),
    Extract(
        table="crm_contacts",
        file="crm_contacts",
        columns={
            "person_id": "VARCHAR",
            "full_name": "VARCHAR",
            "email": "VARCHAR",
            "phone": "VARCHAR",
            "birth_date": "DATE",
            "marketing_consent": "VARCHAR",
        },
        becomes="output_ports.customers_v1",
        key={"person_id": "customer_id"},
        is_optional=True,
        is_ordered=True,
    ),
    Extract(
        table="order_reviews",
        file="olist_order_reviews_dataset",
        columns={
            "review_id": "VARCHAR",
            "order_id": "VARCHAR",
            "review_score": "TINYINT",
            "review_comment_title": "VARCHAR",
            "review_comment_message": "VARCHAR",
            "review_creation_date": "TIMESTAMP",
            "review_answer_timestamp": "TIMESTAMP",
        },
        becomes="output_ports.reviews_v1",
        key={"review_id": "review_id", "order_id": "order_id"},
        is_optional=True,
        is_ordered=True,
    ),
]
