"""Events sent to those who want to be called."""
