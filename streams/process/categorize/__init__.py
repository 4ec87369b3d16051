"""The categorize stage: the media topics of a headline with calibrated confidences, or `uncategorised`."""
