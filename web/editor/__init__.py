"""The editor's files: built from web/ui when they are missing or stale, by the server or for a wheel.

Standard library only, apart from `served`: building a wheel has nothing else.
"""
