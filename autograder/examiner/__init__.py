"""The trusted side: hidden suites, expected values and scores live here and nowhere else."""
