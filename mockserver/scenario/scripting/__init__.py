"""Scenarios scripted in Python, word for word the language of the files.

Each method is a key of the language and takes what the key takes. A script is a mapping that the
reader of files reads; `Script.to_yaml` writes it as a file that does the same. Python adds one
meaning: whatever is scripted without `when` is used once, in the order written.

This is the face of the package: `words` has what each key takes, `script` the rules and what
reads them, `documents` puts several files together.
"""

from mockserver.scenario.scripting.documents import merged
from mockserver.scenario.scripting.script import Script, ScriptedRule, ScriptError
from mockserver.scenario.scripting.words import (
    LatencyKeys,
    LimitKeys,
    WhenKeys,
    call,
    step,
    when_of,
)

__all__ = [
    "LatencyKeys",
    "LimitKeys",
    "Script",
    "ScriptError",
    "ScriptedRule",
    "WhenKeys",
    "call",
    "merged",
    "step",
    "when_of",
]
