"""A judge held against people: how far they agree, and what its mean is worth."""
