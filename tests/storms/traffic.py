"""Many tickets that change at once."""

import asyncio
from dataclasses import dataclass
from random import Random

from tests.storms.life import Life
from tests.storms.world import World
from tests.support.wait import eventually

HANDS = 8
UNDELIVERED_EACH = 10


@dataclass(frozen=True)
class Traffic:
    """So many tickets, so many changes (to open one is a change), as fast as the sandbox gets rid of its webhooks.

    In the last third of its changes a ticket may be closed or merged.
    """

    tickets: int
    changes: int
    seed: int

    async def flows(self, world: World) -> list[Life]:
        """Return all tickets when the last change was made."""
        hands = (self._hand(world, hand) for hand in range(HANDS))
        return [life for lives in await asyncio.gather(*hands) for life in lives]

    async def _hand(self, world: World, hand: int) -> list[Life]:
        """One person's tickets: opened between the changes of the others."""
        random = Random(f"{self.seed} {hand}")  # noqa: S311 - to repeat
        tickets, changes = _share(self.tickets, hand), _share(self.changes, hand)
        lives: list[Life] = []
        for number in range(changes):
            await eventually(lambda: world.undelivered < UNDELIVERED_EACH * self.tickets, 300, what="deliveries go out")
            if len(lives) < tickets and number % 2 == 0:
                lives.append(await self._opened(world, random))
            elif alive := [life for life in lives if not life.is_over]:
                await random.choice(alive).go_on()
        return lives

    async def _opened(self, world: World, random: Random) -> Life:
        life = Life(world, random, ends_from=self.changes * 2 // (self.tickets * 3))
        await life.begin()
        return life


def _share(whole: int, hand: int) -> int:
    return whole // HANDS + (hand < whole % HANDS)
