"""What all HTTP services here share: authentication, rate limits and problem details."""
