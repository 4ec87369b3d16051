"""What every HTTP service here does alike: who may ask, how often, and how what is wrong is told."""
