"""How far people agree, with intervals."""
