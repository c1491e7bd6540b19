"""Pure arithmetic of graphs, time and probes: knows no Django and no neighbour."""
