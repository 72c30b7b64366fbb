"""Real changes of our own mesh: what the gate says of each consumer, and what happens to it."""
