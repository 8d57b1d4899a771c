"""Whether the marts find what was planted into simulated businesses: `make truth`."""
