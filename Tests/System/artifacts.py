"""Where screenshots, histories and traces go; kept after the run."""

import os
from pathlib import Path

FOLDER = Path(os.environ.get("CHAT_API_TEST_ARTIFACTS") or "/tmp/chat-api-tests")
