"""The requests and answers of the control API, as values.

Their fields are the members of the JSON, and their docstrings are the descriptions in the
OpenAPI document. Adding a member with a default breaks no client.
"""

from mockserver.control.shapes.journal import (
    CallRecord,
    Cleared,
    JournalPage,
    JournalQuery,
    MadeToolCall,
    Tokens,
)
from mockserver.control.shapes.members import (
    Count,
    Outcome,
    PageSize,
    ScenarioSource,
    Seconds,
    When,
)
from mockserver.control.shapes.problems import Fault, Problem
from mockserver.control.shapes.rules import (
    AddedRules,
    Explain,
    Explanation,
    RuleList,
    RuleReading,
    RuleState,
)
from mockserver.control.shapes.server import Health, Reload, Reloaded, Totals
from mockserver.control.shapes.sessions import (
    NewSession,
    Nothing,
    SessionPage,
    SessionsQuery,
    SessionState,
    SessionSummary,
    Strictness,
)
from mockserver.control.shapes.state import (
    Advance,
    ClockView,
    Release,
    Released,
    StateChange,
    StateView,
)
from mockserver.control.shapes.verification import (
    NearMiss,
    NearMisses,
    VerdictOn,
    Verdicts,
    VerdictsQuery,
    Verified,
    Verify,
    Waited,
    WaitFor,
)

__all__ = [
    "AddedRules",
    "Advance",
    "CallRecord",
    "Cleared",
    "ClockView",
    "Count",
    "Explain",
    "Explanation",
    "Fault",
    "Health",
    "JournalPage",
    "JournalQuery",
    "MadeToolCall",
    "NearMiss",
    "NearMisses",
    "NewSession",
    "Nothing",
    "Outcome",
    "PageSize",
    "Problem",
    "Release",
    "Released",
    "Reload",
    "Reloaded",
    "RuleList",
    "RuleReading",
    "RuleState",
    "ScenarioSource",
    "Seconds",
    "SessionPage",
    "SessionState",
    "SessionSummary",
    "SessionsQuery",
    "StateChange",
    "StateView",
    "Strictness",
    "Tokens",
    "Totals",
    "VerdictOn",
    "Verdicts",
    "VerdictsQuery",
    "Verified",
    "Verify",
    "WaitFor",
    "Waited",
    "When",
]
