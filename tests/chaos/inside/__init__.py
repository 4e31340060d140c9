"""What is put into a runner's process from outside, by PYTHONPATH: the product knows nothing of it."""
