"""Candidate → audit → release: what becomes visible, all of it or nothing."""
