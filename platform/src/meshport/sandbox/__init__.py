"""Running somebody else's SQL: a gate in front of the engine, in processes that can be killed."""
