"""What is sent to a server, one module per kind: found, sent, taken back and read back."""
