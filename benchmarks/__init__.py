"""Measurements, printed as ratios side by side with doing the same by hand in one run."""
