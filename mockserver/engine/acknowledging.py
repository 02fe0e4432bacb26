"""What goes out at once in the place of an answer that is made in the background.

The answer itself is kept as ever; whoever looks it up finds it when its time has come.
"""

from mockserver.conversation import ModelRequest
from mockserver.engine.asked import Asked
from mockserver.wire.bodies import head_of, with_true_length
from mockserver.wire.jsontext import to_bytes
from mockserver.wire.moulds import joined, poured
from mockserver.wire.timeline import Data, Timeline, body


def acknowledge(asked: Asked, request: ModelRequest, timeline: Timeline) -> Timeline:
    """Return what goes out for *request* instead of *timeline*, the whole answer."""
    endpoint, head = asked.route.asks, head_of(timeline)
    assert endpoint is not None
    assert head is not None
    receipt = endpoint.acknowledged(request, body(timeline))
    text = joined(poured(asked.route.dialect.encode(receipt, by_token=False))).text
    return with_true_length((head, Data(to_bytes(text))))
