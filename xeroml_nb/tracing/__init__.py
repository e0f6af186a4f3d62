"""Traces: the OpenTelemetry SDK, with the store as one more place where spans go."""
