"""Send headlines that are ours through the whole path, and measure how long they are under way."""
