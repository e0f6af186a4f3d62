"""Where things live: one schema on SQLAlchemy Core, SQLite embedded, PostgreSQL for teams."""
