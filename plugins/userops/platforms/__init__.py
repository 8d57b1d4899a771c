"""How a platform's files become the exports."""
