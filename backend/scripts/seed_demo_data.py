"""Make the demo hospital from backend/: python scripts/seed_demo_data.py. A second run adds nothing."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from app.cli import main

if __name__ == "__main__":
    sys.argv[1:] = ["seed"]
    main()
