"""What the logistics domain reads by itself: where postal areas lie."""

from meshport.sources import Extract

EXTRACTS = [
    Extract(
        table="geolocation",
        file="olist_geolocation_dataset",
        columns={
            "geolocation_zip_code_prefix": "VARCHAR",
            "geolocation_lat": "DOUBLE",
            "geolocation_lng": "DOUBLE",
        },
        becomes="staging.zip_points",
        key={"geolocation_zip_code_prefix": "zip_prefix"},
        is_optional=True,
    ),
]
