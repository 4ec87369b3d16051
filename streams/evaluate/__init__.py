"""Evaluate: how well categories and near duplicates are decided, on data that training has not seen."""
