"""A chat endpoint over a real socket that says what a test tells it to."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.sync.faulty_server import FaultyServer, Received, Reply
from xeroml_nb.scoring.judging.judge import Judge

if TYPE_CHECKING:
    from collections.abc import Callable

KEY = "sk-very-secret-1234567890"


def completion(content: Any, *, finish: str = "stop", **message: Any) -> Reply:
    """An answer as a chat endpoint gives it; anything but a text is written as JSON."""
    text = content if content is None or isinstance(content, str) else json.dumps(content)
    return Reply(
        body={
            "id": "c1",
            "object": "chat.completion",
            "created": 0,
            "model": "judge-1-2026",
            "choices": [
                {
                    "index": 0,
                    "finish_reason": finish,
                    "message": {"role": "assistant", "content": text, **message},
                }
            ],
            "usage": {"prompt_tokens": 100, "completion_tokens": 7, "total_tokens": 107},
        }
    )


def verdict(value: bool | float | str, why: str = "Because.") -> Reply:  # noqa: FBT001
    """An answer of the form that judges ask for."""
    return completion({"explanation": why, "verdict": value})


def refused(status: int, message: str, **headers: str) -> Reply:
    """An error as a chat endpoint gives it."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, {"error": {"message": message, "type": "x", "code": None}}, named)


class Chat(FaultyServer):
    """A chat endpoint; every answer passes unless a test says otherwise."""

    def __init__(self, *script: Reply) -> None:
        super().__init__(*script, otherwise=verdict(value=True))

    @property
    def base_url(self) -> str:
        return f"{self.url}/v1"

    @property
    def asked(self) -> list[dict[str, Any]]:
        """The bodies of all requests."""
        return [request.json for request in self.received]

    def script_by_text(self, say: Callable[[str], Reply]) -> None:
        """Answer each request by the words of its last message."""

        def reply(request: Received) -> Reply:
            return say(request.json["messages"][-1]["content"])

        self.otherwise = reply

    def judge(self, name: str = "good", instructions: str = "Is it good?", **options: Any) -> Judge:
        """A judge that asks here, and once where it might be patient."""
        usual = {"model": "judge-1", "base_url": self.base_url, "api_key": KEY, "patience": 0}
        return Judge(name, instructions, **usual | options)
