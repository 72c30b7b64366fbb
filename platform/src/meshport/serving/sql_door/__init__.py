"""The SQL door: one SELECT over the ports that the asker may read."""
