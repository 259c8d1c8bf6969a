"""`python -m trueware`."""

from trueware.cli import main

raise SystemExit(main())
