"""compose/website_policy.py: python/website_policy.py, which programs in the image use, too. Found by its place: a
description may be named python.py, and its folder is where Python looks first."""

import importlib.util
from pathlib import Path

_PATH = Path(__file__).resolve().parents[1] / "python" / "website_policy.py"
_SPEC = importlib.util.spec_from_file_location("website_policy", _PATH)
_module = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(_module)

mount_name, policy, text = _module.mount_name, _module.policy, _module.text
