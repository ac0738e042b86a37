"""compile_commands.py FILE: lines of a source and its compiler's command (mk/lint.mk) as the JSON that clang's tools read."""

import json
import os
import shlex
import sys

with open(sys.argv[1], encoding="utf-8") as lines:
    commands = [line.split(maxsplit=1) for line in lines if line.strip()]
json.dump([{"directory": os.getcwd(), "file": source, "arguments": [*shlex.split(command), "-c", source]}
           for source, command in commands], sys.stdout, indent=1)
