"""Who is who on a desk, as far as one decision needs it."""

from pydantic import BaseModel, ConfigDict


class People(BaseModel):
    """What the directory says of the people that one ticket names.

    `generation` is that of the directory asked, None when there was none to ask. `known` has the Teamwork person of
    each Zendesk agent, None for an agent without a match; who is missing from it is not known to be an agent at all.
    """

    model_config = ConfigDict(frozen=True)

    generation: int | None = None
    known: dict[int, int | None] = {}

    def stands(self, needed: int | None) -> bool:
        """Whether a decision may rely on this directory, when one of generation `needed` is known to exist."""
        return self.generation is not None and (needed is None or self.generation >= needed)
