"""The Iceberg REST door: a read-only catalog, and the objects that its tables are made of."""
