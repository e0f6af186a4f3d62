"""How a store of an earlier schema becomes one of this version: a module for every step."""
