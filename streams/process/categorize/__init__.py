"""Categorize: media topics of a headline, honest about doubt."""
