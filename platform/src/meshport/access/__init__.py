"""Who may read which port: consumers, tokens, agreements, and the one decision of every door."""
