"""What the catalog domain reads: the marketplace's items, sellers and category names."""

from meshport.sources import Extract

EXTRACTS = [
    Extract(
        table="products",
        file="olist_products_dataset",
        columns={
            "product_id": "VARCHAR",
            "product_category_name": "VARCHAR",
            "product_weight_g": "INTEGER",
            "product_length_cm": "INTEGER",
            "product_height_cm": "INTEGER",
            "product_width_cm": "INTEGER",
        },
        becomes="output_ports.items_v1",
        key={"product_id": "item_id"},
    ),
    Extract(
        table="sellers",
        file="olist_sellers_dataset",
        columns={
            "seller_id": "VARCHAR",
            "seller_zip_code_prefix": "VARCHAR",
            "seller_city": "VARCHAR",
            "seller_state": "VARCHAR",
        },
        becomes="output_ports.sellers_v1",
        key={"seller_id": "seller_id"},
    ),
    Extract(
        table="category_translations",
        file="product_category_name_translation",
        columns={
            "product_category_name": "VARCHAR",
            "product_category_name_english": "VARCHAR",
        },
        becomes="output_ports.categories_v1",
        key={"product_category_name": "category_code"},
        is_optional=True,
    ),
]
