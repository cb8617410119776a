"""The version of the program, told here only."""

VERSION = "0.5.0"
