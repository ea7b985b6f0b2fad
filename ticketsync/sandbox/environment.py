"""The environment variables with which `ticketsync server` and `ticketsync worker` use the two sandboxes."""

from ticketsync.sandbox.teamwork.settings import TeamworkSettings
from ticketsync.sandbox.zendesk.settings import ZendeskSettings


def sites_environment(
    account: ZendeskSettings, zendesk_url: str, site: TeamworkSettings, teamwork_url: str
) -> dict[str, str]:
    """Addresses, credentials and project. The secret of the webhook is known only when there is one."""
    return {
        "ZENDESK_BASE_URL": zendesk_url,
        "ZENDESK_EMAIL": account.email,
        "ZENDESK_API_TOKEN": account.api_token,
        "TEAMWORK_BASE_URL": teamwork_url,
        "TEAMWORK_API_TOKEN": site.api_key,
        "TEAMWORK_PROJECT_ID": str(site.project_id),
    }
