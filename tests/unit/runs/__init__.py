"""A world of files and a plan over it, for the tests of journal, executor, runner and service."""
