"""Dagster and dbt: the steps of a domain, and the run of the whole mesh."""
