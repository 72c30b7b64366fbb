"""Data contracts (ODCS): read with places, validated, as frozen values in our words."""
