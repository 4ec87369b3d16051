"""Read the world: what a source shows becomes strips, and strips become sightings."""
