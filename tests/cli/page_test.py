# SPDX-License-Identifier: Apache-2.0
# Whether a page of `zkinfer report` is whole, needs nothing from elsewhere, and holds exactly the JSON of `report --json`:
# page_test.py PAGE JSON
import html.parser
import json
import re
import sys

EMPTY = {"meta", "link", "br", "img", "input", "hr"}


class Page(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.scripts, self.wrong, self.policy = [], [], [], None

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        for name in ("src", "href", "srcset", "action", "data"):
            if name in attrs:
                self.wrong.append(f"<{tag} {name}=..>")
        if any(name.startswith("on") for name in attrs):
            self.wrong.append(f"<{tag}> with a handler")
        if tag == "meta" and attrs.get("http-equiv") == "Content-Security-Policy":
            self.policy = attrs["content"]
        if tag == "script":
            self.scripts.append([attrs, ""])
        if tag not in EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong.append(f"</{tag}> that nothing opened")

    def handle_data(self, data):
        if self.open and self.open[-1] == "script":
            self.scripts[-1][1] += data


text = open(sys.argv[1], encoding="utf-8").read()
page = Page()
page.feed(text)
page.close()
assert not page.wrong, page.wrong
assert not page.open, page.open
assert page.policy and page.policy.startswith("default-src 'none'"), page.policy
assert not re.search(r"@import|url\(|import\(|fetch\(|XMLHttpRequest", text)
assert len(page.scripts) == 2, [s[0] for s in page.scripts]
assert "<" not in page.scripts[0][1]
held = json.loads(page.scripts[0][1])
assert held.pop("made_by")
given = json.load(open(sys.argv[2]))
given.pop("warnings")
given.pop("page")
assert held == given, "the page holds other data than --json"
