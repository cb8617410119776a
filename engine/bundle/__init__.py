"""Run bundles: one file that says what ran, on what, and what each step gave, so that anybody can run it again."""
