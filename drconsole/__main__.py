"""`python -m drconsole`: the same as the installed command."""

from drconsole.cli.main import main

if __name__ == "__main__":
    main()
