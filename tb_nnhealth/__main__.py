"""`python -m tb_nnhealth` is the command line `nnhealth`."""

import sys

from tb_nnhealth.cli import main

if __name__ == "__main__":
    sys.exit(main())
