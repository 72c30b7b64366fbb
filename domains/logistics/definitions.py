"""The logistics domain as a Dagster code location."""

from pathlib import Path

from domains.logistics.sources import EXTRACTS
from meshport.orchestration.definitions import define_domain

defs = define_domain(Path(__file__).parent, EXTRACTS)
