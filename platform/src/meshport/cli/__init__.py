"""The meshport command."""
