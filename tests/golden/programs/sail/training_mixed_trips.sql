# unsupported: not yet for Sail: rows in batches, for training
