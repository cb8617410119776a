"""The server: Inkwater over HTTP."""
