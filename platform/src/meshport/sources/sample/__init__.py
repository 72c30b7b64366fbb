"""The built-in, deterministic sample: ten source extracts in the shape of a marketplace export."""

from meshport.sources.sample.plan import SamplePlan
from meshport.sources.sample.write import write_sample

__all__ = ["SamplePlan", "write_sample"]
