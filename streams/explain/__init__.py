"""Explains why a headline was published or dropped as a duplicate, from the pipeline's topics or output."""
