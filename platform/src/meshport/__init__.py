"""A data-mesh domain product platform: contracts in, checked releases and doors out."""

__version__ = "0.1.0"
