"""`searchTerm`, with and without lag, by exact text and by words."""

from tests.sandbox.teamwork.local_site import V3, LocalSite

MARK = "[ticketsync:acme/3543](https://acme.zendesk.com/agent/tickets/3543)"
LONGER = "[ticketsync:acme/35436](https://acme.zendesk.com/agent/tickets/35436)"


async def test_text_is_found_in_name_description_and_list_name_in_any_case(site: LocalSite) -> None:
    task_id = (await site.new_task("Printer", description="made by Ann"))["id"]
    other = (await site.new_task("Scanner"))["id"]
    assert await site.listed(searchTerm="PRINT") == [task_id]
    assert await site.listed(searchTerm="by ann") == [task_id]
    assert await site.listed(searchTerm="zendesk tick") == [task_id, other]
    assert await site.listed(searchTerm="ann by") == []


async def test_by_words_order_and_signs_do_not_matter_and_a_beginning_is_enough(site: LocalSite) -> None:
    site.switch(search_words=True)
    task_id = (await site.new_task("one", description=MARK))["id"]
    longer = (await site.new_task("two", description=LONGER))["id"]
    assert await site.listed(searchTerm="acme/3543") == [task_id, longer]
    assert await site.listed(searchTerm="35436 acme") == [longer]
    assert await site.listed(searchTerm="cme/3543") == []


async def test_the_search_can_lag_while_lists_do_not(site: LocalSite) -> None:
    site.switch(search_lag_seconds=30)
    task_id = (await site.new_task("Printer"))["id"]
    assert await site.listed() == [task_id]
    assert await site.listed(searchTerm="printer") == []
    site.clock.forward(31)
    assert await site.listed(searchTerm="printer") == [task_id]
    await site.patch(task_id, name="Scanner")
    assert await site.listed(searchTerm="scanner") == []
    assert await site.listed(searchTerm="printer") == [task_id]


async def test_the_other_filters_still_hold(site: LocalSite) -> None:
    task_id = (await site.new_task("Printer"))["id"]
    await site.sync.delete(f"{V3}/tasks/{task_id}.json")
    assert await site.listed(searchTerm="printer") == []
    assert await site.listed(searchTerm="printer", showDeleted="true") == [task_id]
