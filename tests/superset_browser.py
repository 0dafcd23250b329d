"""Drive the dashboard in a headless Chromium the way an analyst does: log in, look, choose."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, Page, Response, expect, sync_playwright

from jingjinji.operate.superset_site import DASHBOARD_PATH

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
DRAWN = ".slice_container canvas, .slice_container svg, .slice_container table, .slice_container p"
WRONG = ".ant-alert-error, [role=alert]"
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def find_browser() -> str:
    """The browser of this machine.

    Raises:
        RuntimeError: there is none; the message says what to install.
    """
    found = next((path for path in map(shutil.which, NAMES) if path), None)
    if found is None:
        raise RuntimeError(
            "no Chromium on PATH: the dashboard tests need one and fonts for Chinese. "
            "Debian/Ubuntu: apt-get install -y chromium fonts-wqy-microhei"
        )
    return found


@dataclass
class Watch:
    """What was answered while the page was open; `outside` are answers from anywhere but the server under test."""

    chart_answers: list[tuple[int, str]] = field(default_factory=list)
    page_errors: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Dashboard:
    """An open dashboard. Methods wait for what they did to be on the screen."""

    page: Page
    base: str
    watch: Watch

    def open_tab(self, title: str) -> None:
        self.page.get_by_role("tab", name=title).click()
        self.settle()

    def settle(self, timeout_s: float = 60) -> None:
        """Wait until every chart on the screen has drawn something or says what is wrong."""
        self.page.wait_for_function(
            f"""() => {{ const seen = [...document.querySelectorAll('[data-test-chart-id]')].filter(e => e.offsetParent);
                return seen.length > 0 && seen.every(e => !e.querySelector('[data-test="loading-indicator"], .loading')
                    && e.querySelector('{DRAWN}, {WRONG}')); }}""",
            timeout=timeout_s * 1000,
        )
        self.page.wait_for_timeout(300)

    def chart(self, title: str) -> str:
        """The text of a chart that is on the screen, whitespace collapsed."""
        holder = self.page.locator(f'[data-test-chart-name="{title}"]').first
        holder.scroll_into_view_if_needed()
        expect(holder.locator(".slice_container").first).to_be_visible(timeout=30000)
        return re.sub(r"\s+", " ", holder.inner_text())

    def rows(self, title: str) -> list[list[str]]:
        """The cells of a table on the screen, row by row."""
        holder = self.page.locator(f'[data-test-chart-name="{title}"]').first
        holder.scroll_into_view_if_needed()
        found: list[list[str]] = holder.locator("tbody tr").evaluate_all(
            "rows => rows.map(r => [...r.querySelectorAll('td')].map(c => c.innerText.trim()))"
        )
        return [row for row in found if any(row)]  # a long table has an invisible twin that measures its columns

    def search(self, title: str, words: str) -> list[list[str]]:
        """The rows of a table that are left after typing into its search box."""
        box = self.page.locator(f'[data-test-chart-name="{title}"] input[placeholder]').first
        box.fill(words)
        self.page.wait_for_timeout(1000)  # the box waits for the end of typing
        return self.rows(title)

    def failures(self) -> list[str]:
        """Charts on the screen that show an error."""
        return self.page.evaluate(
            f"""() => [...document.querySelectorAll('[data-test-chart-id]')]
                .filter(e => e.offsetParent && e.querySelector('{WRONG}'))
                .map(e => e.getAttribute('data-test-chart-name') + ': ' + e.querySelector('{WRONG}').innerText)"""
        )

    def names(self) -> list[str]:
        """Titles of the charts on the screen."""
        return self.page.evaluate(
            """() => [...document.querySelectorAll('[data-test-chart-id]')].filter(e => e.offsetParent)
                .map(e => e.getAttribute('data-test-chart-name'))"""
        )

    def choose(self, filter_id: str, value: str) -> None:
        """Choose a value in a filter of the bar on the left (`as_of`, `process`, `gdp_vintage`) and apply it."""
        box = self.page.locator(f"input#NATIVE_FILTER-{filter_id}")
        box.click(force=True)  # the chosen value lies over the input
        box.fill(value)
        self.page.locator(".ant-select-item-option", has_text=value).first.click()
        with self.page.expect_response(lambda response: "/api/v1/chart/data" in response.url):
            self.page.locator('[data-test="filter-bar__apply-button"]').click()
        self.settle()

    def picture(self, path: Path) -> None:
        """Save what a tall screen would show."""
        height = self.page.evaluate("(document.querySelector('.grid-container')?.scrollHeight || 1500) + 260")
        self.page.set_viewport_size({"width": 1500, "height": min(int(height), 4000)})
        self.page.wait_for_timeout(800)
        self.settle()
        self.page.screenshot(path=str(path))


def _observe(page: Page, base: str) -> Watch:
    watch = Watch()

    def answered(response: Response) -> None:
        if "/api/v1/chart/data" in response.url:
            watch.chart_answers.append((response.status, response.url))
        if not response.url.startswith((base, "data:", "blob:")):
            watch.outside.append(response.url)

    page.on("response", answered)
    page.on("pageerror", lambda error: watch.page_errors.append(str(error)))
    return watch


@contextmanager
def chromium() -> Iterator[Browser]:
    """The browser, once for all who log in: Playwright allows one at a time in a thread."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(), headless=True, args=list(FLAGS))
        yield browser
        browser.close()


def dashboard(browser: Browser, port: int, username: str, password: str) -> Dashboard:
    """Log in with a session of its own and open the joint dashboard."""
    base = f"http://127.0.0.1:{port}"
    page = browser.new_context(viewport={"width": 1500, "height": 1000}, locale="zh-CN").new_page()
    page.set_default_timeout(60000)
    watch = _observe(page, base)
    page.goto(f"{base}/login/")
    page.locator("input#username, input[name=username]").fill(username)
    page.locator("input[type=password]").fill(password)
    page.locator("[data-test=login-button], button[type=submit]").first.click()
    page.wait_for_url(lambda url: "/login" not in url, wait_until="commit")
    page.goto(f"{base}{DASHBOARD_PATH}", wait_until="domcontentloaded")
    page.wait_for_selector("[data-test-chart-id]")
    opened = Dashboard(page, base, watch)
    opened.settle(120)
    return opened
