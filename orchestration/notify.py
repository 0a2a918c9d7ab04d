"""Tells people what happened unattended: an event, its message, and the ways it goes out. What happened is watch.py's.

An event is data on its way out: to a program as JSON on its standard input, to a webhook as JSON, to people as an
e-mail of plain text. Nothing of it becomes a command line, a header of its own or markup.
"""

import json
import os
import signal
import smtplib
import ssl
import subprocess
import tempfile
import threading
import time
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from decimal import Decimal
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from typing import Any
from urllib.parse import urlsplit

from warehouse import __version__
from warehouse.printing import amount_text, printable
from warehouse.settings import Channel, EventName

NOTIFICATIONS = "notifications"
MAX_FINDINGS = 20
_EXCERPT = 300
# A channel that has run out of time ends by itself first; this is for one that can't be interrupted, as a name look-up.
_GRACE_SECONDS = 2


@dataclass(frozen=True)
class Event:
    """What is told, in one form for people and programs."""

    event: EventName
    workspace: str
    company: str
    command: str
    run_id: str
    as_of: str
    at: str
    what: str
    """What happened, in one sentence."""
    what_to_do: str
    period: str | None = None
    exit_code: int = 0
    findings: tuple[Mapping[str, Any], ...] = ()
    """Rule, message and remedy of each reason."""
    held: Mapping[str, str] = field(default_factory=dict)
    """Contracted money held back by currency, as readers see it now."""
    chain_head: str | None = None
    """Proves all published months: keep it, and a rewritten chain is noticed."""
    is_test: bool = False

    def document(self) -> dict[str, Any]:
        """The event as programs get it; chat systems show `text`."""
        document: dict[str, Any] = _printable(asdict(self))
        return {**document, "text": self.text()}

    def subject(self) -> str:
        """One line: who, what, which month."""
        about = f" {self.period}" if self.period else ""
        test = "test: " if self.is_test else ""
        return printable(
            f"{test}tieout {self.company}: {self.event}{about} ({self.command}, as of {self.as_of})"
        )

    def text(self) -> str:
        """The event as people read it."""
        lines = [self.subject(), "", self.what]
        if self.what_to_do:
            lines.append(f"What to do: {self.what_to_do}")
        for finding in self.findings:
            lines += ["", f"{finding['rule']}: {finding['message']}"]
            lines += [f"  What to do: {finding['remedy']}"] if finding.get("remedy") else []
        money = " and ".join(f"{c} {amount_text(Decimal(amount), c)}" for c, amount in self.held.items())
        lines += ["", f"Held back: {money or 'no money'}"]
        lines += [f"Chain head: {self.chain_head}"] if self.chain_head else []
        lines += [
            f"Workspace: {self.workspace}",
            f"Run: {self.run_id}, exit code {self.exit_code}, {self.at}",
        ]
        return "\n".join(printable(line) for line in lines) + "\n"


def _printable(value: Any) -> Any:
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, Mapping):
        return {key: _printable(inner) for key, inner in value.items()}
    return [_printable(inner) for inner in value] if isinstance(value, list | tuple) else value


@dataclass(frozen=True)
class Sent:
    """What became of one message."""

    event: EventName
    channel: str
    error: str | None = None

    def record(self, run_id: str) -> dict[str, Any]:
        """As the journal keeps it."""
        failed = {"error": self.error} if self.error else {}
        return {
            "run_id": run_id, "event": self.event, "channel": self.channel,
            "outcome": "failed" if self.error else "sent", **failed,
        }  # fmt: skip


class _RefusedError(Exception):
    """A message that did not go out, in a sentence without a secret."""


def wanted(channels: Sequence[Channel], name: EventName) -> bool:
    """Whether anyone is told of such an event."""
    return any(name in one.events for one in channels)


def send(channels: Sequence[Channel], event: Event) -> list[Sent]:
    """Tells every channel that asked for such an event, all at once; none waits longer than its time.

    An error of a channel is its result: nobody's figures wait for a mail server.
    """
    asked = [(number, one) for number, one in enumerate(channels, start=1) if event.event in one.events]
    errors: dict[int, str | None] = {}

    def attempt(number: int, channel: Channel) -> None:
        try:
            _SENDERS[channel.kind](channel, event)
            errors[number] = None
        except _RefusedError as refused:
            errors[number] = str(refused)
        except (OSError, smtplib.SMTPException) as error:
            errors[number] = printable(f"{type(error).__name__}: {error}")[:_EXCERPT]
        except Exception as error:  # its text may hold a URL, which is a secret
            errors[number] = type(error).__name__

    threads = [
        (channel, threading.Thread(target=attempt, args=(number, channel), daemon=True))
        for number, channel in asked
    ]
    for _, thread in threads:
        thread.start()
    started = time.monotonic()
    for channel, thread in threads:
        ends = started + channel.timeout_seconds + _GRACE_SECONDS
        thread.join(max(0.0, ends - time.monotonic()))
    return [
        Sent(event.event, f"notifications[{number}] ({one.kind})", errors.get(number, _too_slow(one)))
        for number, one in asked
    ]


def _too_slow(channel: Channel) -> str:
    return f"no answer within {channel.timeout_seconds} s"


def _from_environment(variable: str) -> str:
    value = os.environ.get(variable, "")
    if not value:
        raise _RefusedError(f"the environment variable {variable} is not set")
    return value


# --- the three ways ---------------------------------------------------------------------------------


def _to_command(channel: Channel, event: Event) -> None:
    """The event on standard input of a program, in a session of its own, so that all of it can be ended."""
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(  # noqa: S603 (the owner's own program; nothing of the event is in its arguments)
            list(channel.command),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=said,
            start_new_session=True,
        )
        try:
            process.communicate(json.dumps(event.document()).encode(), timeout=channel.timeout_seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise _RefusedError(_too_slow(channel)) from None
        if process.returncode:
            said.seek(0)
            words = printable(said.read(_EXCERPT).decode(errors="replace")).strip()
            raise _RefusedError(f"exit code {process.returncode}{f': {words}' if words else ''}")


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirected POST would arrive as a GET without its event, and perhaps elsewhere."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def _to_webhook(channel: Channel, event: Event) -> None:
    variable = str(channel.webhook_env)
    url = _from_environment(variable)
    if urlsplit(url).scheme not in {"https", "http"}:
        raise _RefusedError(f"the environment variable {variable} holds no http(s) URL")
    request = urllib.request.Request(  # noqa: S310 (only http and https get here)
        url,
        json.dumps(event.document()).encode(),
        {"Content-Type": "application/json", "User-Agent": f"tieout/{__version__}"},
        method="POST",
    )
    with urllib.request.build_opener(_NoRedirect).open(request, timeout=channel.timeout_seconds):
        """Any answer below 300 will do."""


def _to_email(channel: Channel, event: Event) -> None:
    message = mail(channel, event)
    password = _from_environment(channel.smtp_password_env) if channel.smtp_password_env else ""
    context = ssl.create_default_context()
    timeout = channel.timeout_seconds
    if channel.smtp_security == "tls":
        server: smtplib.SMTP = smtplib.SMTP_SSL(
            channel.smtp_host, channel.smtp_port, timeout=timeout, context=context
        )
    else:
        server = smtplib.SMTP(channel.smtp_host, channel.smtp_port, timeout=timeout)
    with server:
        if channel.smtp_security == "starttls":
            server.starttls(context=context)
        if channel.smtp_user:
            server.login(channel.smtp_user, password)
        refused = server.send_message(message, channel.email_from, list(channel.email_to))
    if refused:
        raise _RefusedError(f"the server refused {', '.join(sorted(refused))}")


def mail(channel: Channel, event: Event) -> EmailMessage:
    """The event as an e-mail. Its subject is one printable line, so text of an export can't begin another header."""
    message = EmailMessage()
    message["Subject"] = event.subject()
    message["From"] = channel.email_from
    message["To"] = ", ".join(channel.email_to)
    message["Date"] = format_datetime(datetime.fromisoformat(event.at))
    message["Message-ID"] = make_msgid(domain=channel.email_from.rpartition("@")[2])
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(event.text())
    return message


_SENDERS = {"command": _to_command, "webhook": _to_webhook, "e-mail": _to_email}
