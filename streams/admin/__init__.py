"""What operators do to a cluster: make the pipeline's topics and compare them with the contract."""
