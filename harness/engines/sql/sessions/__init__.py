"""Sessions of engines that run SQL; a worker imports these modules, and no compiler."""
