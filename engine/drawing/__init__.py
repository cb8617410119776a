"""Pictures that explain numbers: plots, labels, grids, heat maps.  Libraries load when they are used."""
