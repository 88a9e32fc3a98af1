"""GPUs: which there are, their memory, and what is measured of them."""
