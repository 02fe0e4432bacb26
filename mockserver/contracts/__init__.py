"""The four sockets: Dialect, Endpoint, Reply, Failure. A plug-in is one class in one file.

A plug-in class has a `kind`, its name in scenarios, the journal and paths. Replies and
failures are frozen dataclasses whose fields are their keys in YAML: the scenario reader checks
types by the annotations, and editors show the docstrings. A constructor refuses a scenario by
raising `mockserver.errors.BadValue`.

Plug-ins of other distributions import from here.
"""

from mockserver.contracts.answer import (
    CREATED,
    Answer,
    AnsweredCall,
    AnsweredChoice,
    AnsweredItem,
    AnsweredPart,
    AnsweredRefusal,
    AnsweredSpeech,
    AnsweredText,
    AnsweredThought,
    ShownUsage,
    StatedMembers,
    holed,
    shown,
)
from mockserver.contracts.dialect import Attempt, Dialect, Located
from mockserver.contracts.endpoint import (
    ComputingEndpoint,
    Endpoint,
    GeneratingEndpoint,
    Lookup,
    LookupEndpoint,
    ModelEndpoint,
)
from mockserver.contracts.failure import (
    IN_THE_BODY,
    MOMENTS,
    AnswerFailure,
    Distorted,
    Failure,
    MomentWord,
    Scene,
)
from mockserver.contracts.keys import ONE_OR_MORE, KeyTrait, OneOrMore
from mockserver.contracts.reply import (
    MOST_TOKENS,
    UNSTATED,
    ChoicePlace,
    ComputedReply,
    RawReply,
    Reply,
    Unstated,
    Verbatim,
    json_length,
)
from mockserver.errors import BadValue
from mockserver.models import Catalogue, Model
from mockserver.records.stored import StoredAnswer, StoredAnswers
from mockserver.seeding import Draw, http_date
from mockserver.tokens import BilledChoice, BilledPrompt, Count
from mockserver.traffic.limits import LimitReached
from mockserver.wire import marks
from mockserver.wire.bodies import is_stream, with_head, with_true_length
from mockserver.wire.http_request import HttpRequest
from mockserver.wire.jsontext import (
    TEXT_HOLE,
    Filling,
    Hole,
    JsonValue,
    NumberHole,
    TokenText,
    compact,
    is_list,
    is_object,
    plain,
    to_bytes,
)
from mockserver.wire.marks import Mark, Marks
from mockserver.wire.moments import (
    AfterBytes,
    AfterHeaders,
    AfterTokens,
    BeforeHeaders,
    End,
    Moment,
    split,
)
from mockserver.wire.moulds import Mould, body_moulds
from mockserver.wire.rendered import Chunk, EventStream, Frame, JsonBody, Layer, Rendered
from mockserver.wire.timeline import (
    DATE,
    Abort,
    Data,
    Event,
    Forsake,
    Head,
    Headers,
    Hold,
    Pause,
    Raw,
    Timeline,
    body,
)

__all__ = [
    "CREATED",
    "DATE",
    "IN_THE_BODY",
    "MOMENTS",
    "MOST_TOKENS",
    "ONE_OR_MORE",
    "TEXT_HOLE",
    "UNSTATED",
    "Abort",
    "AfterBytes",
    "AfterHeaders",
    "AfterTokens",
    "Answer",
    "AnswerFailure",
    "AnsweredCall",
    "AnsweredChoice",
    "AnsweredItem",
    "AnsweredPart",
    "AnsweredRefusal",
    "AnsweredSpeech",
    "AnsweredText",
    "AnsweredThought",
    "Attempt",
    "BadValue",
    "BeforeHeaders",
    "BilledChoice",
    "BilledPrompt",
    "Catalogue",
    "ChoicePlace",
    "Chunk",
    "ComputedReply",
    "ComputingEndpoint",
    "Count",
    "Data",
    "Dialect",
    "Distorted",
    "Draw",
    "End",
    "Endpoint",
    "Event",
    "EventStream",
    "Failure",
    "Filling",
    "Forsake",
    "Frame",
    "GeneratingEndpoint",
    "Head",
    "Headers",
    "Hold",
    "Hole",
    "HttpRequest",
    "JsonBody",
    "JsonValue",
    "KeyTrait",
    "Layer",
    "LimitReached",
    "Located",
    "Lookup",
    "LookupEndpoint",
    "Mark",
    "Marks",
    "Model",
    "ModelEndpoint",
    "Moment",
    "MomentWord",
    "Mould",
    "NumberHole",
    "OneOrMore",
    "Pause",
    "Raw",
    "RawReply",
    "Rendered",
    "Reply",
    "Scene",
    "ShownUsage",
    "StatedMembers",
    "StoredAnswer",
    "StoredAnswers",
    "Timeline",
    "TokenText",
    "Unstated",
    "Verbatim",
    "body",
    "body_moulds",
    "compact",
    "holed",
    "http_date",
    "is_list",
    "is_object",
    "is_stream",
    "json_length",
    "marks",
    "plain",
    "shown",
    "split",
    "to_bytes",
    "with_head",
    "with_true_length",
]
