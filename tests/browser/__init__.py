"""The package's widgets in a real JupyterLab."""
