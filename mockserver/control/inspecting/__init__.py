"""What a person looks at: one call in all its detail, and the rules of a session as written.

All of it is worked out when it is asked for, in the server's worker thread: nothing here is done
while a call goes by.
"""

from mockserver.control.inspecting.detail import RuleOf, detailed
from mockserver.control.inspecting.scenario import shown_scenario

__all__ = ["RuleOf", "detailed", "shown_scenario"]
