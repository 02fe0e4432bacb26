"""What a session knows about its requests: limits, turns, retries, load, prompts."""

from mockserver.traffic.limiter import Limiter
from mockserver.traffic.prompt_cache import PromptCache
from mockserver.traffic.retries import Retries
from mockserver.traffic.turns import Lane, Lanes


class Traffic:
    """The state of one session that time and other requests change."""

    def __init__(self) -> None:
        self.limiter = Limiter()
        self.retries = Retries()
        self.prompts = PromptCache()
        self._lanes = Lanes()

    def lane(self, key: str, model: str) -> Lane:
        """Return the lane of the answers made at once, by key and model."""
        return self._lanes.lane(key, model)

    def load(self, model: str) -> Lane:
        """Return the lane of all answers of *model* whose time is planned, which is its load."""
        return self._lanes.lane(model)
