"""The reference pages below docs/, each written from the thing it describes."""
