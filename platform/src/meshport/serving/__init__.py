"""The doors: HTTP pages, rows and documents."""
