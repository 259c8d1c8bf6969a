"""Web pages of a device: what they ask for and where that goes, what they run, what the server runs for them, and new ones.

A page is compared by what it does (`trueware.explaining.reading.pages`): pages that differ in layout and comments alone are the same,
and one that differs in words, titles and colours is said to look different, no more. Pages of apps are `tv_apps`'s; pages that only
document something are no part of the device's interface.

Most severe is what concerns a page with a field for a password: a form that goes elsewhere, a script that was put there.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import ClassVar

from trueware.errors import InputError, UnsupportedInput
from trueware.explaining.apps import app_of
from trueware.explaining.contract import Altered, Case, Concluding
from trueware.explaining.patterns import regex
from trueware.explaining.reading.html import SERVER, Page, read_html
from trueware.explaining.reading.javascript import Script, read_javascript, script_of
from trueware.explaining.reading.lines import excerpt, listed
from trueware.explaining.reading.pages import (
    Form,
    Runs,
    asks_for_password,
    elsewhere,
    executes,
    forms,
    links,
    new_runs,
    runs,
    sends,
    urls_in,
)
from trueware.explaining.reading.shell import Command, script
from trueware.explaining.reading.urls import Url
from trueware.model.finding import Confidence, Evidence, Finding, Rule, Severity
from trueware.model.part import Kind

LOGIN_FORM = Rule(
    "login-form-redirected",
    "A page that asks for a password sends it elsewhere than the genuine one",
    Severity.HIGH,
    help="Whoever logs in may give the password away. Do not log in; change the password from a clean device.",
    effect="credential-capture",
)
LOGIN_SCRIPT = Rule(
    "login-script-added",
    "A page that asks for a password runs code that the genuine one does not",
    Severity.HIGH,
    Confidence.MEDIUM,
    help="The code can read what is typed. See what it does with it before anyone logs in.",
    effect="credential-capture",
)
REMOTE = Rule(
    "page-remote-code",
    "A page of the device loads code from another machine",
    Severity.HIGH,
    help="Whoever runs that machine decides what the page does, at each visit anew.",
    effect="code-downloaded",
)
COMMAND = Rule(
    "web-command-page",
    "A page runs commands that its visitor gives",
    Severity.HIGH,
    help="Anybody who can reach the page controls the device. Take it off the network.",
    effect="remote-access",
)
ADDED = Rule(
    "page-added",
    "A page was added that changes settings or makes the device do something",
    Severity.MEDIUM,
    Confidence.MEDIUM,
    help="It is a way in that the genuine interface does not have, more so where nothing leads to it.",
    effect="remote-access",
)
FORM = Rule(
    "page-form-changed",
    "A form of the web interface has other fields, or goes elsewhere",
    Severity.LOW,
    help="Often a setting that the maker hid was brought back, or one was hidden.",
    effect="configuration-altered",
)
SCRIPT = Rule(
    "page-script-changed",
    "Code that runs in the web interface was changed",
    Severity.MEDIUM,
    Confidence.MEDIUM,
    help="It runs in the browser of whoever administers the device, with the rights of that visit.",
    effect="program-altered",
)
SERVER_CODE = Rule(
    "page-server-code-changed",
    "What the server runs for a page was changed",
    Severity.MEDIUM,
    help="It runs on the device with the rights of its web server. Compare it with the genuine program.",
    effect="program-altered",
)
TEXT = Rule(
    "page-text-changed",
    "A page looks different: words, titles, colours or layout were changed",
    Severity.LOW,
    help="What it does is unchanged.",
    effect="appearance-changed",
)
STATIC = Rule(
    "page-text-added",
    "A page that only shows something was added or taken away",
    Severity.INFO,
    help="It runs no code and asks for nothing.",
    effect="appearance-changed",
)
REMOVED = Rule(
    "page-removed",
    "A page of the web interface was taken away",
    Severity.LOW,
    help="Its settings can no longer be reached; look whether it was one for updates or passwords.",
    effect="component-removed",
)

_ENDINGS = r"asp|aspx|htm|html|xhtml|shtml|stm|php[0-9]?|phtml|jsp|lp|esp|ejs|tpl|hta"
_PAGE = regex(rf"(?i:.*\.(?:{_ENDINGS}))")
_PROGRAM = regex(r"(?:.*/)?cgi(?:-bin)?/[^.]+(?:\.cgi|\.sh)?|.*\.cgi")
"""What a web server runs as a program."""

_DOCUMENTS = regex(
    r"(?:.*/)?(?:share/(?:doc|help|gtk-doc|info|man)|documentation|licenses?|NOTICE[^/]*)(?:/.*)?", re.IGNORECASE
)
_COMMANDS = frozenset(
    {
        "system", "exec", "shell_exec", "passthru", "popen", "proc_open", "eval", "assert", "create_function", "pcntl_exec",
        "execute", "loadstring", "dofile",
    }
)  # fmt: skip
_VISITOR = frozenset(
    {
        "$_GET",
        "$_POST",
        "$_REQUEST",
        "$_COOKIE",
        "$_FILES",
        "$HTTP_RAW_POST_DATA",
        "formvalue",
        "getParameter",
        "QUERY_STRING",
    }
)
"""Where server code has what a visitor gives."""

_MANY = 3
_LARGEST_SCRIPT = 1 << 18
_NONE = Page((), (), ())


class WebPages:
    """Pages and scripts of a device's web interface."""

    subject: ClassVar[str] = "web pages"
    rules: ClassVar[tuple[Rule, ...]] = (
        LOGIN_FORM, LOGIN_SCRIPT, REMOTE, COMMAND, ADDED, FORM, SCRIPT, SERVER_CODE, TEXT, STATIC, REMOVED,
    )  # fmt: skip
    wants: ClassVar[re.Pattern[str]] = re.compile(rf"(?i:.*\.(?:{_ENDINGS}|js|mjs))|{_PROGRAM.pattern}")

    @staticmethod
    def detect(altered: Altered, case: Case) -> Iterator[Finding]:
        part = altered.change.found or altered.change.expected
        if part is None or part.kind is not Kind.FILE or altered.is_moved or _DOCUMENTS.fullmatch(altered.inner):
            return
        if app_of(altered, case) is not None:
            return
        if altered.is_removed:
            yield altered.finding(REMOVED, altered.name)
            return
        before, after = altered.before(), altered.after()
        if after is None or before == after:
            return
        if _PROGRAM.fullmatch(altered.inner):
            if after.startswith(b"#!") and (before is not None or altered.is_added):
                yield from _shell(altered, before or b"", after)
            return
        if before is None and not altered.is_added:
            yield from _login_alone(altered, after)
            return
        if re.search(r"(?i)\.m?js$", altered.name):
            yield from _script_file(altered, before, after)
        else:
            old = _NONE if before is None else read_html(before)
            yield from _page(altered, old, read_html(after))

    @staticmethod
    def conclude(case: Case, findings: tuple[Finding, ...]) -> Iterator[Finding]:
        told = {finding.part for finding in findings if finding.rule == COMMAND.id}
        added: list[tuple[Altered, Page]] = []
        leading: dict[str, list[str]] = {}
        for altered in case.matching(_PAGE):
            page = _readable(altered, case)
            if page is None:
                continue
            if altered.is_added:
                added.append((altered, page))
            for name in {link.rpartition("/")[2] for link in links(page)}:
                leading.setdefault(name, []).append(altered.inner)
        for altered, page in added:
            if altered.path not in told:
                yield _new_page(
                    altered, page, [each for each in leading.get(altered.name, ()) if each != altered.inner]
                )


def _shell(altered: Altered, before: bytes, after: bytes) -> Iterator[Finding]:
    """Yield where a script of the web server runs what its visitor gives, and the genuine one does not."""
    old = {command.words for command in _run_for_visitor(before)}
    for command in _run_for_visitor(after):
        if command.words not in old:
            text = excerpt(" ".join(command.words))
            yield altered.finding(COMMAND, text, Evidence(f"line {command.line}", None, text))
            return


_VARIABLE = regex(r"\$\{?([A-Za-z_][A-Za-z0-9_]*)")
_GIVEN = regex(r"QUERY_STRING|REQUEST_URI|PATH_INFO|HTTP_[A-Z_]+|POST_DATA")
_SHELLS = frozenset({"eval", "sh", "ash", "bash", "dash", "busybox", "exec", "source", "."})


def _run_for_visitor(data: bytes) -> Iterator[Command]:
    """Yield the commands of a script that are what a visitor gives, or hand it to a shell."""
    if len(data) > _LARGEST_SCRIPT:
        return
    given: set[str] = set()
    for command in script(data):
        for name, value in command.assignments:
            if _is_given(value, given):
                given.add(name)
        if not command.words:
            continue
        first = command.words[0]
        if first == "read":
            given.update(word for word in command.words[1:] if not word.startswith("-"))
        elif _is_given(first, given) or (
            first.rpartition("/")[2] in _SHELLS and any(_is_given(word, given) for word in command.words[1:])
        ):
            yield command


def _is_given(word: str, given: set[str]) -> bool:
    return any(name in given or _GIVEN.fullmatch(name) for name in _VARIABLE.findall(word))


def _login_alone(altered: Altered, after: bytes) -> Iterator[Finding]:
    """Yield what no genuine page has, where that is not at hand: a login that leaves the device by itself."""
    if not _PAGE.fullmatch(altered.inner):
        return
    page = read_html(after)
    leaving = [(form, url) for form in forms(page) if form.has_password and (url := elsewhere(form.action)) is not None]
    for form, url in leaving:
        yield altered.finding(
            LOGIN_FORM,
            f"goes to {excerpt(url.masked())}; the genuine page is not at hand",
            Evidence(f"line {form.line}", None, excerpt(f"{form.method} {url.masked()}")),
            touches=(f"host:{url.host}",),
            confidence=Confidence.LOW,
        )
    if not asks_for_password(page):
        return
    for each in runs(page):
        addresses = urls_in(each.script.texts) if each.script is not None else {}
        if addresses and each.script is not None and _reads_password(each.script):
            yield altered.finding(
                LOGIN_SCRIPT,
                f"names {_hosts(addresses)}; the genuine page is not at hand",
                Evidence(f"line {each.line}", None, str(each)),
                touches=[f"host:{url.host}" for url in addresses],
                confidence=Confidence.LOW,
            )


def _page(altered: Altered, before: Page, after: Page) -> Iterator[Finding]:
    told = list(_commands(altered, before, after))
    server = _new_code(before, after)
    if server and not told and not altered.is_added:
        told.append(
            altered.finding(
                SERVER_CODE,
                f"{len(server)} pieces of code",
                *(Evidence("server code", None, excerpt(each)) for each in server[:_MANY]),
            )
        )
    told += _run(altered, before, after)
    if not altered.is_added:
        told += _forms(altered, before, after)
        if not told:
            told.append(altered.finding(TEXT, *_words(before, after)))
    yield from told


def _run(altered: Altered, before: Page, after: Page) -> Iterator[Finding]:
    """Yield what a page runs and the genuine one does not; of what it ran before and runs otherwise now, the evidence is both."""
    new = new_runs(before, after)
    remote = [each for each in new if each.url is not None]
    if remote:
        rule = LOGIN_SCRIPT if asks_for_password(after) and any(each.kind == "script" for each in remote) else REMOTE
        yield altered.finding(
            rule,
            listed(str(each) for each in remote),
            *(Evidence(f"line {each.line}", None, str(each)) for each in remote[:_MANY]),
            touches=[f"host:{each.url.host}" for each in remote if each.url is not None],
            confidence=Confidence.HIGH,
        )
    local = [each for each in new if each.url is None]
    if not local or (altered.is_added and not asks_for_password(after)):
        return
    gone = [each for each in runs(before) if each.same not in {one.same for one in runs(after)}]
    yield from _local(altered, local, gone, login=asks_for_password(after))


def _local(altered: Altered, new: list[Runs], gone: list[Runs], *, login: bool) -> Iterator[Finding]:
    scripts = [each.script for each in new if each.script is not None]
    old = {text.text for each in gone if each.script is not None for text in each.script.texts}
    addresses = urls_in(text for script in scripts for text in script.texts if text.text not in old)
    reaching = tuple(dict.fromkeys(means for script in scripts for means in sends(script)))
    where = listed(str(each) for each in new)
    evidence = [
        Evidence(f"line {each.line}", str(gone[index]) if index < len(gone) else None, str(each))
        for index, each in enumerate(new[:_MANY])
    ]
    evidence += [
        Evidence(f"address, line {line}", None, excerpt(url.masked())) for url, line in list(addresses.items())[:_MANY]
    ]
    only_handlers = all(each.kind == "handler" for each in new)
    yield altered.finding(
        LOGIN_SCRIPT if login else SCRIPT,
        where + (f"; reaches {_hosts(addresses)}" if addresses else ""),
        *evidence,
        touches=[f"host:{url.host}" for url in addresses],
        severity=None if addresses or (login and reaching) else Severity.LOW if only_handlers else Severity.MEDIUM,
        confidence=Confidence.HIGH if addresses and login else None,
    )


def _script_file(altered: Altered, before: bytes | None, after: bytes) -> Iterator[Finding]:
    try:
        old, new = read_javascript(before or b""), read_javascript(after)
    except UnsupportedInput:
        yield altered.finding(SCRIPT, f"{altered.name}, too long to be read")
        return
    if old.tokens == new.tokens:
        yield altered.finding(TEXT, "comments or layout of a script")
        return
    known = {each.text for each in old.texts}
    texts = [each for each in new.texts if each.text not in known]
    addresses = urls_in(texts)
    reaching = [each for each in sends(new) if each not in sends(old)]
    running = [each for each in executes(new) if each not in executes(old)]
    means = [*reaching, *running]
    rule = LOGIN_SCRIPT if addresses and _reads_password(new) else SCRIPT
    yield altered.finding(
        rule,
        ("added" if altered.is_added else "changed")
        + (f"; new in it: {listed(means)}" if means else "")
        + (f"; names {_hosts(addresses)}" if addresses else ""),
        *_different(old, new),
        *(Evidence(f"line {line}", None, excerpt(url.masked())) for url, line in list(addresses.items())[:_MANY]),
        touches=[f"host:{url.host}" for url in addresses],
    )


def _different(old: Script, new: Script) -> Iterator[Evidence]:
    """Yield the first place where two scripts differ, a few tokens of each."""
    shorter = min(len(old.tokens), len(new.tokens))
    at = next((index for index in range(shorter) if old.tokens[index] != new.tokens[index]), shorter)
    was, now = (" ".join(each.tokens[at : at + 16]) for each in (old, new))
    yield Evidence("first difference", excerpt(was, 120) if was else None, excerpt(now, 120) if now else None)


def _reads_password(script: Script) -> bool:
    words = {each.lower() for each in script.tokens} | {each.text.lower() for each in script.texts}
    return any("passw" in each or each in ("pwd", "psd", "psw") for each in words)


def _forms(altered: Altered, before: Page, after: Page) -> Iterator[Finding]:
    """Yield how the forms of a page differ, each compared with the one of its place and then with any of its action."""
    old, new = list(forms(before)), list(forms(after))
    unmatched = [each for each in old if not any(_same(each, other) for other in new)]
    for form in new:
        if any(_same(form, other) for other in old):
            continue
        match = _nearest(form, unmatched)
        if match is not None:
            unmatched.remove(match)
        yield from _form(altered, match, form)
    for form in unmatched:
        yield altered.finding(
            FORM, f"the form for {form.action or 'the page itself'} is gone", Evidence("", excerpt(form.action), None)
        )


def _form(altered: Altered, old: Form | None, new: Form) -> Iterator[Finding]:
    url = elsewhere(new.action)
    redirected = old is None or old.action != new.action or old.method != new.method
    where = f"line {new.line}"
    if new.has_password and redirected and (old is not None or url is not None):
        yield altered.finding(
            LOGIN_FORM,
            f"goes to {excerpt(new.action or 'the page itself')} by {new.method}",
            Evidence(
                where,
                None if old is None else excerpt(f"{old.method} {old.action}"),
                excerpt(f"{new.method} {new.action}"),
            ),
            touches=(f"host:{url.host}",) if url is not None else (),
            severity=Severity.HIGH if url is not None else Severity.MEDIUM,
            confidence=Confidence.HIGH if url is not None else Confidence.MEDIUM,
        )
        return
    came = sorted(new.fields - old.fields) if old is not None else sorted(new.fields)
    went = sorted(old.fields - new.fields) if old is not None else []
    changes = (
        [f"now goes to {new.action}"] if redirected and old is not None else [] if old is not None else ["a new form"]
    )
    changes += [f"{len(came)} fields added"] if came else []
    changes += [f"{len(went)} fields gone"] if went else []
    yield altered.finding(
        FORM,
        listed(changes),
        Evidence(
            where,
            listed(went) or (old.action if old and redirected else None) or None,
            listed(came) or excerpt(new.action) or None,
        ),
        severity=Severity.MEDIUM if url is not None else None,
        touches=(f"host:{url.host}",) if url is not None else (),
    )


def _same(one: Form, other: Form) -> bool:
    return (one.action, one.method, one.fields) == (other.action, other.method, other.fields)


def _nearest(form: Form, among: list[Form]) -> Form | None:
    """Return the form that was most likely this one: of the same action, else with most fields in common."""
    by_action = [each for each in among if each.action == form.action]
    if by_action:
        return by_action[0]
    return max(among, key=lambda each: len(each.fields & form.fields), default=None)


def _commands(altered: Altered, before: Page, after: Page) -> Iterator[Finding]:
    """Yield where server code hands on to a command what a visitor gives."""
    for code in _new_code(before, after):
        parsed = _parsed(code)
        if parsed is not None and (call := _handed_on(parsed.tokens)) is not None:
            yield altered.finding(
                COMMAND, call, Evidence("server code", None, excerpt(code)), confidence=Confidence.MEDIUM
            )
            return


def _handed_on(tokens: tuple[str, ...]) -> str | None:
    """Return the command that is given what a visitor gives, directly or by a variable that was made of it; None if none is."""
    names: set[str] = set()
    depth, call, since = 0, "", 0
    for index, word in enumerate(tokens):
        given = word in _VISITOR or word in names
        if (
            not call
            and word == "="
            and index
            and _is_name(tokens[index - 1])
            and tokens[index + 1 : index + 2] != ("=",)
        ):
            if any(each in _VISITOR or each in names for each in _statement(tokens, index + 1)):
                names.add(tokens[index - 1])
        elif not call and word == "(" and index and tokens[index - 1] in _COMMANDS:
            call, depth, since = tokens[index - 1], 1, index
        elif call and given:
            return f"{call} is given {word}"
        elif call:
            depth += (word == "(") - (word == ")")
            if not depth or index - since > _ARGUMENTS:
                call = ""
    return None


_ARGUMENTS = 200
"""Tokens of one call that are looked at."""

_ASSIGNED = 24


def _statement(tokens: tuple[str, ...], start: int) -> tuple[str, ...]:
    """Return what is assigned: up to the end of the statement, or as far as such things go."""
    piece = tokens[start : start + _ASSIGNED]
    ends = [piece.index(each) for each in (";", "local", "if", "then", "end", "for", "function") if each in piece]
    return piece[: min(ends)] if ends else piece


def _is_name(token: str) -> bool:
    return token[:1].isalpha() or token[:1] in "_$"


def _new_code(before: Page, after: Page) -> tuple[str, ...]:
    """Return what the server runs for a page and not for the genuine one, but for words in the reader's language and comments."""
    old = set(before.server)
    return tuple(each for each in after.server if each not in old and each[:1] not in _NO_CODE)


_NO_CODE = frozenset(":_#+")
"""What templates of LuCI begin translated words, comments and the names of other templates with."""


def _parsed(code: str) -> Script | None:
    try:
        return script_of(code.removeprefix("php").removeprefix("="))
    except UnsupportedInput:
        return None


def _new_page(altered: Altered, page: Page, leading: Sequence[str]) -> Finding:
    """Return what a page that was added is: one that does something, or one that shows something."""
    asked = [each for each in forms(page) if each.fields]
    server = _new_code(_NONE, page)
    if not asked and not server and not any(each.script is not None and sends(each.script) for each in runs(page)):
        return altered.finding(STATIC, f"{altered.name} was added")
    goes = listed(dict.fromkeys(each.action.replace(SERVER, "…") or "itself" for each in asked), 3)
    does = [f"{len(asked)} forms, to {goes}"] if asked else []
    does += [f"{len(server)} pieces of server code"] if server else []
    return altered.finding(
        ADDED,
        f"{listed(does) or 'it asks the server by itself'}; "
        + (f"{listed(leading, 3)} leads to it" if leading else "no changed page leads to it"),
        *(
            Evidence(
                f"line {each.line}",
                None,
                excerpt(f"form to {each.action.replace(SERVER, '…')}: {listed(sorted(each.fields))}"),
            )
            for each in asked[:_MANY]
        ),
        *(Evidence("server code", None, excerpt(each)) for each in server[:_MANY]),
    )


def _readable(altered: Altered, case: Case) -> Page | None:
    """Return a changed page of the web interface, None where it is none or cannot be read."""
    part = altered.change.found
    if part is None or part.kind is not Kind.FILE or altered.is_moved or _DOCUMENTS.fullmatch(altered.inner):
        return None
    try:
        data = altered.after()
        return None if data is None or app_of(altered, case) is not None else read_html(data)
    except InputError:
        return None


def _words(before: Page, after: Page) -> tuple[str, *tuple[Evidence, ...]]:
    """Return in what two pages look different, and a few places."""
    was, now = _shown(before), _shown(after)
    went, came = [*(Counter(was) - Counter(now))], [*(Counter(now) - Counter(was))]
    evidence = [
        Evidence(
            "", excerpt(went[at], 100) if at < len(went) else None, excerpt(came[at], 100) if at < len(came) else None
        )
        for at in range(min(_MANY, max(len(went), len(came))))
    ]
    return "words, titles or colours" if evidence else "layout or comments", *evidence


def _shown(page: Page) -> list[str]:
    inner = [" ".join(each.text.split()) for each in page.elements if each.name in ("title", "style") and each.text]
    looks = [
        f"{each.name} {key}={value}"
        for each in page.elements
        for key, value in each.attributes.items()
        if not key.startswith("on")
    ]
    return [*(each.replace(SERVER, "…") for each in page.texts), *inner, *looks]


def _hosts(addresses: dict[Url, int]) -> str:
    return listed(dict.fromkeys(url.host for url in addresses), 4)


_: type[Concluding] = WebPages
