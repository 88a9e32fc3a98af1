"""What tests share: projects that are run, engines in the process of the test, random queries."""
