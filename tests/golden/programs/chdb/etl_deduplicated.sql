# unsupported: chDB cannot: times written to a file (it gives them a time zone)
