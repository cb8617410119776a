"""What a value is, told plainly: numbers, tables, tokens, curves and pictures.  Torch loads when it is used."""
