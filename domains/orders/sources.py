"""What the orders domain reads: orders, their lines, their payments, and whom they are for."""

from meshport.sources import Extract

EXTRACTS = [
    Extract(
        table="orders",
        file="olist_orders_dataset",
        columns={
            "order_id": "VARCHAR",
            "customer_id": "VARCHAR",
            "order_status": "VARCHAR",
            "order_purchase_timestamp": "TIMESTAMP",
            "order_approved_at": "TIMESTAMP",
            "order_delivered_carrier_date": "TIMESTAMP",
            "order_delivered_customer_date": "TIMESTAMP",
            "order_estimated_delivery_date": "TIMESTAMP",
        },
        becomes="output_ports.orders_v1",
        key={"order_id": "order_id"},
    ),
    Extract(
        table="order_items",
        file="olist_order_items_dataset",
        columns={
            "order_id": "VARCHAR",
            "order_item_id": "INTEGER",
            "product_id": "VARCHAR",
            "seller_id": "VARCHAR",
            "shipping_limit_date": "TIMESTAMP",
            "price": "DECIMAL(12,2)",
            "freight_value": "DECIMAL(12,2)",
        },
        becomes="output_ports.order_lines_v1",
        key={"order_id": "order_id", "order_item_id": "line_number"},
    ),
    Extract(
        table="order_payments",
        file="olist_order_payments_dataset",
        columns={
            "order_id": "VARCHAR",
            "payment_sequential": "INTEGER",
            "payment_type": "VARCHAR",
            "payment_installments": "INTEGER",
            "payment_value": "DECIMAL(12,2)",
        },
        becomes="output_ports.payments_v1",
        key={"order_id": "order_id", "payment_sequential": "payment_number"},
    ),
    # A lookup: whom an order is for and where it goes. The customers domain publishes the persons.
    Extract(
        table="order_customers",
        file="olist_customers_dataset",
        columns={
            "customer_id": "VARCHAR",
            "customer_unique_id": "VARCHAR",
            "customer_zip_code_prefix": "VARCHAR",
            "customer_state": "VARCHAR",
        },
    ),
]
