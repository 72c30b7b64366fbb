"""The customers domain as a Dagster code location."""

from pathlib import Path

from domains.customers.sources import EXTRACTS
from meshport.orchestration.definitions import define_domain

defs = define_domain(Path(__file__).parent, EXTRACTS)
