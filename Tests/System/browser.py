"""A headless Chromium, and the two pages as a person sees them."""

import shutil
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from server import ADMIN_EMAIL, ADMIN_PASSWORD, poll

SHOW_SECONDS = 15

WIDGET = "document.getElementById('chatapi-widget').shadowRoot"
READ_MESSAGES = """
return [...%s.querySelectorAll('[data-testid=message]')].map((each) => ({
  kind: each.dataset.kind, status: each.dataset.status, text: each.querySelector('.text')?.textContent ?? '',
  sources: [...each.querySelectorAll('.source summary')].map((one) => one.textContent),
  meta: each.querySelector('.meta')?.textContent ?? '',
}));"""


class Browser:
    """One window of a person of their own: nothing is shared with another `Browser`."""

    def __init__(self, screenshots: Path, language: str = "en", size: tuple[int, int] = (1280, 900)):
        options = webdriver.ChromeOptions()
        options.binary_location = shutil.which("chromium") or "/usr/bin/chromium"
        for argument in (
            "--headless=new",
            "--no-sandbox",
            "--disable-dev-shm-usage",
            "--disable-gpu",
            f"--lang={language}",
            f"--window-size={size[0]},{size[1]}",
            "--force-color-profile=srgb",
            "--hide-scrollbars",
            "--no-proxy-server",
        ):
            options.add_argument(argument)
        options.add_experimental_option("prefs", {"intl.accept_languages": language})
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(options, Service(shutil.which("chromedriver") or "/usr/bin/chromedriver"))
        self.driver.set_page_load_timeout(30)
        self.screenshots = screenshots

    def shoot(self, name: str):
        self.screenshots.mkdir(parents=True, exist_ok=True)
        self.driver.save_screenshot(str(self.screenshots / f"{name}.png"))

    def complaints(self) -> list[str]:
        """Errors on the browser's console since the last call, such as a violated content security policy."""
        return [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] == "SEVERE"]

    def overflows(self) -> bool:
        """Whether the page is wider than its window."""
        return self.run("return document.documentElement.scrollWidth > document.documentElement.clientWidth")

    def run(self, script: str, *arguments):
        return self.driver.execute_script(script, *arguments)

    def part(self, name: str):
        """The visible element with this test id."""

        def find():
            shown = [
                each
                for each in self.driver.find_elements(By.CSS_SELECTOR, f"[data-testid={name}]")
                if each.is_displayed()
            ]
            return shown[0] if shown else None

        return poll(find, SHOW_SECONDS, f"{name} on the page", every=0.05)


class Visitor:
    """A person on a page with the widget."""

    def __init__(self, browser: Browser, url: str):
        self.browser = browser
        browser.driver.get(url)
        poll(lambda: browser.run("return Boolean(window.ChatAPIWidget)"), SHOW_SECONDS, "the widget on the page")

    def inside(self, name: str):
        root = self.browser.driver.find_element(By.ID, "chatapi-widget").shadow_root
        return root.find_element(By.CSS_SELECTOR, f"[data-testid={name}]")

    def open(self):
        if not self.inside("panel").is_displayed():
            self.inside("launcher").click()
        self.in_phase("live")

    def say(self, text: str):
        self.inside("input").send_keys(text, Keys.ENTER)

    @property
    def phase(self) -> str:
        return self.inside("panel").get_attribute("data-phase")

    @property
    def owner(self) -> str:
        return self.inside("panel").get_attribute("data-owner")

    def in_phase(self, phase: str, deadline: float = SHOW_SECONDS):
        poll(lambda: self.phase == phase, deadline, f"the widget {phase}", every=0.05)

    @property
    def messages(self) -> list[dict]:
        return self.browser.run(READ_MESSAGES % WIDGET)

    def sees(self, where, what: str, deadline: float = SHOW_SECONDS) -> dict:
        """The first message that fits."""
        return poll(
            lambda: next((each for each in self.messages if where(each)), None),
            deadline,
            f"{what} in the widget",
            every=0.05,
        )


class Agent:
    """A person at the console."""

    def __init__(self, browser: Browser, base_url: str):
        self.browser = browser
        browser.driver.get(f"{base_url}/console")

    def sign_in(self, email: str = ADMIN_EMAIL, password: str = ADMIN_PASSWORD):
        for name, value in (("email", email), ("password", password)):
            field = self.browser.part(name)
            field.clear()
            field.send_keys(value)
        self.browser.part("sign-in").click()

    def live(self):
        poll(
            lambda: self.browser.part("connection").get_attribute("data-state") == "live",
            SHOW_SECONDS,
            "a live console",
            every=0.05,
        )

    def choose(self, conversation: str):
        def row():
            found = self.browser.driver.find_elements(By.CSS_SELECTOR, f"[data-testid=row][data-id='{conversation}']")
            return found[0] if found and found[0].is_displayed() else None

        poll(row, SHOW_SECONDS, f"{conversation} in the list", every=0.05).click()

    def press(self, name: str):
        self.browser.part(name).click()

    def say(self, text: str):
        field = self.browser.part("input")
        poll(field.is_enabled, SHOW_SECONDS, "a composer to write in", every=0.05)
        field.send_keys(text, Keys.ENTER)

    @property
    def messages(self) -> list[dict]:
        return self.browser.run(READ_MESSAGES % "document.getElementById('thread')")

    def sees(self, where, what: str) -> dict:
        return poll(
            lambda: next((each for each in self.messages if where(each)), None),
            SHOW_SECONDS,
            f"{what} in the console",
            every=0.05,
        )
