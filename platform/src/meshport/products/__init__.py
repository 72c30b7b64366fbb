"""Data products (ODPS): what domains offer and what they rely on."""
