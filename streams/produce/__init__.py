"""Read the world: sources, pages, strips; split them into sightings."""
