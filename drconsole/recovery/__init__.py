"""The executor, the stages, the runner and its report."""
