"""How this package talks to a server: what is sent, what is fetched, and what becomes of both."""
