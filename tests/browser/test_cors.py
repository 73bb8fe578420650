"""A page on another origin than the API's: the kit tells a refusal by CORS from a lost connection."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Route, expect

from tests.served_files import served_files
from tests.system.running_system import System

from .page_tab import OpenPage


@pytest.fixture
def page_for(built_page: Path, tmp_path: Path) -> Iterator[Callable[[str], str]]:
    """Yield a function that serves the page from an origin of its own, for an API, and returns its URL."""
    with ExitStack() as served:

        def _page_for(api_url: str) -> str:
            folder = tmp_path / "page"
            shutil.copytree(built_page, folder)
            settings = f"window.mediaconvertStatus = {{ apiBaseUrl: {api_url!r} }};"
            (folder / "config.js").write_text(settings, encoding="utf-8")
            return served.enter_context(served_files(folder))

        yield _page_for


def test_an_origin_that_the_api_does_not_list_is_named_as_the_cause(
    open_page: OpenPage, system: System, page_for: Callable[[str], str], short_video: Path
) -> None:
    """The upload fails at once, with the name of the setting."""
    tab = open_page(url=page_for(system.api_url))
    tab.choose(short_video)
    tab.expect_stage(short_video.name, "uploadFailed")
    problem = tab.card(short_video.name).locator(".problem")
    expect(problem).to_contain_text("CORS_ALLOW_ORIGINS lacks this origin")
    expect(problem.locator(".code")).to_have_text("Code cors")


def test_a_page_of_a_listed_origin_works(
    open_page: OpenPage,
    serve_app: Callable[[Path], str],
    page_for: Callable[[str], str],
    short_video: Path,
    tmp_path: Path,
) -> None:
    """It uploads, follows and plays."""
    tab = open_page(url=page_for(serve_app(tmp_path)))
    tab.choose(short_video)
    tab.expect_stage(short_video.name, "complete")
    tab.wait_until_playing()


def test_an_api_that_does_not_respond_is_a_lost_connection(
    open_page: OpenPage, page_for: Callable[[str], str], free_port: Callable[[], int], short_video: Path
) -> None:
    """The upload waits, and no word says CORS."""
    tab = open_page(url=page_for(f"http://127.0.0.1:{free_port()}"))
    tab.choose(short_video)
    tab.expect_stage(short_video.name, "offline")
    expect(tab.card(short_video.name)).not_to_contain_text("CORS")


def test_a_bucket_without_a_rule_for_the_page_is_named_as_the_cause(open_page: OpenPage, short_video: Path) -> None:
    """The browser sends no byte of a part before it is allowed."""

    def refuse(route: Route) -> None:
        if route.request.method == "GET":
            route.continue_()
        else:
            route.abort()

    tab = open_page()
    tab.page.route("**/*partNumber=*", refuse)
    tab.choose(short_video)
    tab.expect_stage(short_video.name, "uploadFailed")
    expect(tab.card(short_video.name).locator(".problem")).to_contain_text("the bucket's CORS rule lacks this origin")
    tab.page.unroute("**/*partNumber=*")
    tab.press(short_video.name, "retry")
    tab.expect_stage(short_video.name, "complete")
