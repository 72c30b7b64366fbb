"""Where a domain's data comes from: declared extracts, landed as they are."""

from meshport.sources.extract import Extract

__all__ = ["Extract"]
