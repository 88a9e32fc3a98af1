"""What CONTRIBUTING tells people to run: measurements, and checks that need more than CI has."""
