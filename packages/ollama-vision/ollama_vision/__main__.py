"""`python -m ollama_vision` is `ollama-vision`."""

from __future__ import annotations

import sys

from ollama_vision.cli import main

sys.exit(main())
