"""`python -m xeroml_nb.cli` is `xeroml-nb`."""

from xeroml_nb.cli import app

if __name__ == "__main__":
    app()
