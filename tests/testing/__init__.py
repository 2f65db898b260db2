"""What the fixtures for scoring scripts are made of."""
