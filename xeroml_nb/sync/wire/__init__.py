"""Records as the JSON of the API, and back; nothing here reads or writes anything."""
