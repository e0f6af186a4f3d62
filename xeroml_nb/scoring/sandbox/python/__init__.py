"""Python in the sandbox: CPython compiled to WebAssembly, run by wasmtime in a child process."""
