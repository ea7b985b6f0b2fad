"""What a Teamwork sandbox starts with, and where it may behave one way or the other."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

SYNC_USER_ID = 500_001
ANN_ID = 500_002
BEN_ID = 500_003
DORA_ID = 500_004


class TeamworkSettings(BaseModel):
    """Credentials and seed. Each key acts as one person; `oauth_tokens` maps bearer tokens to the e-mail they act as.

    `tasklist_id` None leaves the list "Zendesk tickets" out.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    api_key: str = "twp_sandbox"
    ann_key: str = "twp_ann"
    ben_key: str = "twp_ben"
    oauth_tokens: dict[str, str] = {}
    project_id: int = Field(987_654, gt=0)
    project_name: str = "Support desk"
    tasklist_id: int | None = Field(1234, gt=0)
    tasklist_name: str = "Zendesk tickets"


class Switches(BaseModel):
    """How the sandbox behaves where nobody knows what the real site does (reference/teamwork-api §9), and its limits.

    strict: unknown body fields and query parameters, which the real site ignores, are answered 400.
    calls_per_minute: accepted in any 60 s. rate_limit_status 400 is the older way, with a remaining header of 0.
    rate_limit_headers: `X-Rate-Limit-…` ("dashed"), `x-ratelimit-…` ("joined"), both or none of them; their reset is
    in seconds to wait or an epoch. retry_after: send that header too.
    complete_twice: also the answer to reopening an open task. missing_tasklist: create in a list that is not there.
    second_restore: restore what is not in the trash. duplicate_tag 201 answers with the tag that exists.
    stale_lists_seconds: lists of tasks (not the reading of one) lag behind writes. search_lag_seconds: `searchTerm`
    looks at texts that old. search_words: `searchTerm` compares beginnings of words, in any order, not the exact text.
    """

    model_config = ConfigDict(extra="forbid", validate_assignment=True)

    strict: bool = False
    calls_per_minute: int = Field(150, ge=1)
    rate_limit_status: Literal[429, 400] = 429
    rate_limit_headers: Literal["both", "dashed", "joined", "none"] = "both"
    rate_limit_reset: Literal["seconds", "epoch"] = "seconds"
    retry_after: bool = False
    second_delete: Literal[404, 200] = 404
    second_restore: Literal[404, 200] = 404
    get_deleted: Literal[404, 200] = 404
    delete_answer: Literal[200, 204] = 200
    complete_twice: Literal[200, 400, 422] = 200
    patch_completed: Literal[200, 409] = 200
    invalid_assignee: Literal[400, 422] = 400
    missing_tasklist: Literal[404, 400, 403] = 404
    duplicate_tag: Literal[409, 201] = 409
    stale_lists_seconds: float = Field(0, ge=0, le=600)
    search_lag_seconds: float = Field(0, ge=0, le=600)
    search_words: bool = False
