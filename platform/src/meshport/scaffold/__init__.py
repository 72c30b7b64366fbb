"""New domains and ports: every file that one needs, lacking only business logic."""
