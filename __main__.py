"""`python -m emobench` is the command line."""

from .benchmark.command_line import main

if __name__ == "__main__":
    main()
