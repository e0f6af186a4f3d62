"""Calls one function of one benchmark and prints what it returns, as JSON."""

from __future__ import annotations

import json
import sys
from importlib import import_module

if __name__ == "__main__":
    module, function, arguments = sys.argv[1:]
    call = getattr(import_module(f"tests.benchmarks.{module}"), function)
    print(json.dumps(call(**json.loads(arguments))))
