"""The local Zendesk put together."""

from pathlib import Path
from typing import Self

from fastapi import FastAPI

from ticketsync.sandbox.faults import FaultList, FaultMiddleware, fault_routes
from ticketsync.sandbox.zendesk import (
    audits,
    control,
    deleted_tickets,
    export,
    groups,
    organizations,
    ticket_bulk,
    ticket_fields,
    ticket_lists,
    tickets,
    triggers,
    user_bulk,
    users,
    webhook_log,
    webhook_trials,
    webhooks,
)
from ticketsync.sandbox.zendesk.account import Account
from ticketsync.sandbox.zendesk.clock import Clock
from ticketsync.sandbox.zendesk.delivery import DeliveryEngine
from ticketsync.sandbox.zendesk.errors import fault_answer, install_error_handlers
from ticketsync.sandbox.zendesk.frame import ApiFrame
from ticketsync.sandbox.zendesk.limits import Windows
from ticketsync.sandbox.zendesk.seed import seeded_state
from ticketsync.sandbox.zendesk.settings import ZendeskSettings
from ticketsync.sandbox.zendesk.store import Store

# Those whose paths have words where others have ids stand first.
NOUNS = (
    ticket_lists,
    ticket_bulk,
    tickets,
    deleted_tickets,
    audits,
    user_bulk,
    users,
    groups,
    organizations,
    ticket_fields,
    triggers,
    webhooks,
    webhook_trials,
    webhook_log,
    export,
    control,
)


class ZendeskSandbox:
    """A local Zendesk: serve `app` while the sandbox is entered, which is when webhooks are delivered.

    With `state_dir` everything is kept in a file there and found again at the next start. Usage:
    `async with ZendeskSandbox() as zendesk, serve(zendesk.app) as served: …`
    """

    def __init__(
        self, settings: ZendeskSettings | None = None, state_dir: Path | None = None, clock: Clock | None = None
    ) -> None:
        self.settings = settings or ZendeskSettings()
        self.clock = clock or Clock()
        self._account = _account(self.settings, state_dir, self.clock)
        self.faults = self._account.faults
        self.deliveries = self._account.deliveries
        self.app = _app(self._account)

    async def __aenter__(self) -> Self:
        await self.deliveries.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.deliveries.__aexit__(*error)
        self._account.store.save()


def _account(settings: ZendeskSettings, state_dir: Path | None, clock: Clock) -> Account:
    tuning = settings.tuning.model_copy(deep=True)
    store = Store(lambda: seeded_state(settings, clock.now()), state_dir)
    return Account(
        settings=settings,
        tuning=tuning,
        clock=clock,
        store=store,
        windows=Windows(clock),
        faults=FaultList(settings.seed),
        deliveries=DeliveryEngine(
            account_id=settings.account_id, store=store, clock=clock, tuning=tuning, seed=settings.seed
        ),
    )


def _app(account: Account) -> FastAPI:
    app = FastAPI(title="Zendesk sandbox", openapi_url=None)
    app.state.account = account
    for noun in NOUNS:
        app.include_router(noun.router)
    app.include_router(fault_routes(account.faults))
    install_error_handlers(app)
    app.add_middleware(ApiFrame, clock=account.clock, windows=account.windows, tuning=account.tuning)
    app.add_middleware(FaultMiddleware, faults=account.faults, answer=fault_answer)
    return app
