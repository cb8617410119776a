"""Why did it change: two runs side by side, told apart by their graphs, their steps and their pictures. Torch-free."""

from engine.why.graphs import Changes, Parameter, Place, changes
from engine.why.steps import First, Ran, first_difference

__all__ = ["Changes", "First", "Parameter", "Place", "Ran", "changes", "first_difference"]
