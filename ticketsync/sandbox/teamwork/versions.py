"""Where the versions of the API live. Some v1 routes have a second path (reference/teamwork-api §1.3)."""

V1 = ""
V1_ALIAS = "/projects/api/v1"
V3 = "/projects/api/v3"
