"""Send what is here to a server, or write it into a file: preview, send, outcome, undo."""
